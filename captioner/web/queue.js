// @ts-check
/** The images that wait for a person, the least sure first, as they stood when the queue began. */

import { call } from "./api.js";

const AT_ONCE = 100;
const AHEAD = 10; // as many are known before more are asked for

/** @typedef {{name: string, version?: string, width?: number, height?: number}} Waiting */

export class Queue {
  /** @type {Waiting[]} */
  images = [];
  /** How many there were to review at first. */
  total = 0;
  /** Those that somebody has reviewed, or that are gone, since. @type {Set<string>} */
  done = new Set();
  #all = false;

  /** @param {string} prefix of the names */
  constructor(prefix) {
    this.prefix = prefix;
  }

  /**
   * Learn of more, where the place is near the end of what is known.
   *
   * @param {number} at
   */
  async reach(at) {
    if (this.#all || at + AHEAD < this.images.length) return;
    // What is reviewed is no longer in the list, so the rest has moved up by as much.
    const offset = this.images.filter(({ name }) => !this.done.has(name)).length;
    const query = {
      review: "pending",
      sort: "review",
      limit: AT_ONCE,
      offset,
      prefix: this.prefix,
    };
    const { data } = await call("GET", "/api/images", { query });
    const known = new Set(this.images.map(({ name }) => name));
    this.images.push(...data.images.filter((/** @type {Waiting} */ { name }) => !known.has(name)));
    this.#all = offset + data.images.length >= data.total;
    this.total = this.#all ? this.images.length : Math.max(this.total, this.done.size + data.total);
  }

  /**
   * Give the place of an image; one that does not wait comes first, as somebody asked for it.
   *
   * @param {string} name
   */
  placeOf(name) {
    const at = this.images.findIndex((each) => each.name === name);
    if (at >= 0) return at;
    this.images.unshift({ name });
    this.total += 1;
    return 0;
  }

  /** How many were passed over. */
  get skipped() {
    return this.images.filter(({ name }) => !this.done.has(name)).length;
  }
}
