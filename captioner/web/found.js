// @ts-check
/** What a search finds; only the latest counts. */

import { call } from "./api.js";
import { PAGE_SIZE } from "./filters.js";

/**
 * @typedef {object} Answer
 * @property {number} total
 * @property {{image: any, matches: import("./cards.js").Match[]}[]} results
 * @property {{word: string, instead: string}[]} corrections
 * @property {{status: import("./live.js").Facet[]}} facets
 */

export class Found {
  /** @param {(fault: unknown) => void} onFault told of a fault, or of null once it is over */
  constructor(onFault) {
    this.onFault = onFault;
    /** @type {AbortController | null} */
    this.asking = null;
  }

  /**
   * Give what is found, or null where that failed or is no longer wanted.
   *
   * @param {import("./state.js").State} state
   * @returns {Promise<Answer | null>}
   */
  async find({ q, status, page }) {
    this.stop();
    const mine = new AbortController();
    this.asking = mine;
    try {
      const { data } = await call("GET", "/api/search", {
        query: { q, status, limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE },
        signal: mine.signal,
      });
      this.onFault(null);
      return mine.signal.aborted ? null : data;
    } catch (fault) {
      if (!mine.signal.aborted) this.onFault(fault);
      return null;
    }
  }

  /** Want no answer any more. */
  stop() {
    this.asking?.abort();
  }
}
