// @ts-check
/** What comes while somebody looks: told politely, and let in when it disturbs nobody. */

import { announce, fill, h, icon } from "./dom.js";
import { counted } from "./words.js";

/** @typedef {import("./cards.js").Shown} Shown */

const QUIET_MS = 5_000; // between two announcements

export class Newcomers {
  /** @param {() => void} onWanted called when somebody wants to see them */
  constructor(onWanted) {
    this.words = h("span");
    this.button = h(
      "button",
      { class: "button", type: "button", on: { click: onWanted } },
      icon("retry"),
      this.words,
    );
    this.element = h("div", { class: "newcomers", hidden: true }, this.button);
    /** Since when records count as new. */
    this.latest = "";
    /** @type {Set<string>} */
    this.captioned = new Set();
    this.unsaid = 0;
    /** @type {number | undefined} */
    this.timer = undefined;
  }

  /**
   * Hear what the collection has, and announce captions that were not there before.
   *
   * @param {any[]} images
   * @param {{first: boolean}} how `first`: all of it is new to this view, so none is
   */
  heard(images, { first }) {
    const before = this.captioned;
    const withCaptions = images.filter(({ captions }) => captions?.length);
    this.captioned = new Set(withCaptions.map(versionOf));
    const since = this.latest;
    this.latest = [since, ...images.map(({ updated }) => updated)].sort().at(-1) ?? since;
    if (first) return;
    this.unsaid += withCaptions.filter(
      (each) => !before.has(versionOf(each)) && each.updated > since,
    ).length;
    if (this.unsaid) this.timer ??= setTimeout(() => this.#say(), QUIET_MS / 5);
  }

  /**
   * Tell whether to keep what is shown in its places, and if so say what waits.
   *
   * @param {Shown[]} next
   * @param {Shown[]} shown
   * @param {boolean | undefined} isLookedAt
   */
  hold(next, shown, isLookedAt) {
    const present = new Set(shown.map(({ entry }) => entry.name));
    const last = next.findLastIndex(({ entry }) => present.has(entry.name));
    const fresh = next.slice(0, Math.max(last, 0)).filter(({ entry }) => !present.has(entry.name));
    if (!isLookedAt || !fresh.length) return false;
    fill(this.words, `Show ${counted(fresh.length, "new picture")}`);
    this.element.hidden = false;
    return true;
  }

  clear() {
    const hadFocus = document.activeElement === this.button;
    this.element.hidden = true;
    if (hadFocus) /** @type {HTMLElement} */ (document.querySelector("h1"))?.focus();
  }

  #say() {
    announce(`${counted(this.unsaid, "new caption")}.`);
    this.unsaid = 0;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.unsaid) this.#say();
    }, QUIET_MS);
  }
}

/** @param {any} entry */
const versionOf = ({ name, version }) => `${version} ${name}`;
