// @ts-check
/** What a search finds; only the latest counts. */

import { call } from "./api.js";
import { listingOf, PAGE_SIZE } from "./filters.js";

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
  async find(state) {
    this.stop();
    const mine = new AbortController();
    this.asking = mine;
    try {
      const data = await search(state, mine.signal);
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

/**
 * Give the nearest image on the page of the wall before or after the one that a state shows.
 *
 * @param {import("./state.js").State} state
 * @param {import("./order.js").Way} way
 * @returns {Promise<import("./order.js").Place | null>} null where there is none
 */
export async function beyond(state, way) {
  const page = state.page + (way === "next" ? 1 : -1);
  const names = await namesOn({ ...state, page });
  const image = names.at(way === "next" ? 0 : -1);
  return image === undefined ? null : { image, page };
}

/**
 * Give the names on the page of the wall that a state shows.
 *
 * @param {import("./state.js").State} state
 * @returns {Promise<string[]>}
 */
async function namesOn(state) {
  if (state.q) return (await search(state)).results.map(({ image }) => image.name);
  const { data } = await call("GET", "/api/images", { query: listingOf(state) });
  return data.images.map((/** @type {{name: string}} */ { name }) => name);
}

/**
 * Give the names of all that a search finds, the best first.
 *
 * @param {{q: string, status: string}} asked
 * @param {AbortSignal} signal
 */
export async function namesFound(asked, signal) {
  /** @type {string[]} */
  const names = [];
  for (let page = 1; ; page += 1) {
    const { total, results } = await search({ ...asked, page }, signal);
    names.push(...results.map(({ image }) => image.name));
    if (page * PAGE_SIZE >= total) return [...new Set(names)];
  }
}

/**
 * @param {{q: string, status: string, page: number}} asked
 * @param {AbortSignal} [signal]
 * @returns {Promise<Answer>}
 */
async function search({ q, status, page }, signal) {
  const query = { q, status, limit: PAGE_SIZE, offset: (page - 1) * PAGE_SIZE };
  const { data } = await call("GET", "/api/search", { query, signal });
  return data;
}
