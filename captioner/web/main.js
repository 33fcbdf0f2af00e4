// @ts-check
/** The page: which view is open, as the address bar says. */

import { h } from "./dom.js";
import { openHeader } from "./header.js";
import { lookAt } from "./live.js";
import { notice } from "./notices.js";
import { current, follow, onChange } from "./state.js";
import { takeDrops } from "./upload.js";
import { sentence } from "./words.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {{update(state: State): void, close(): void}} View
 * @typedef {(root: HTMLElement, state: State) => View} Opening
 */

/** @type {Object<string, string>} */
const TITLES = { "": "Wall", review: "Review queue", quality: "Quality" };

/** Views are fetched when they are first wanted. @type {Object<string, () => Promise<Opening>>} */
const VIEWS = {
  "": async () => (await import("./wall.js")).open,
  review: async () => (await import("./review.js")).open,
  quality: async () => (await import("./quality.js")).open,
  detail: async () => (await import("./detail.js")).open,
};

/** One place of the page, and what is mounted there. */
class Place {
  /** @param {string} id */
  constructor(id) {
    this.root = /** @type {HTMLElement} */ (document.getElementById(id));
    /** @type {string | null} */
    this.wanted = null;
    /** @type {View | null} */
    this.view = null;
  }

  /**
   * Show a view, or none.
   *
   * @param {string | null} name
   * @param {State} state
   */
  async show(name, state) {
    if (name === this.wanted) {
      this.view?.update(state);
      return;
    }
    this.wanted = name;
    this.view?.close();
    this.view = null;
    this.root.replaceChildren();
    if (name === null) return;
    try {
      const open = await VIEWS[name]();
      if (this.wanted === name) this.view = open(this.root, current());
    } catch (fault) {
      this.wanted = null;
      this.root.replaceChildren(h("p", { class: "empty", role: "alert" }, sentence(fault)));
      reportError(fault);
    }
  }
}

const [main, detail] = [new Place("view"), new Place("detail")];

/** @param {State} state */
function show(state) {
  const parts = [state.image, state.q, TITLES[state.view], "captioner"];
  document.title = parts.filter(Boolean).join(" · ");
  main.show(state.view, state);
  if (state.view) lookAt({ limit: 1, ...(state.prefix ? { prefix: state.prefix } : {}) });
  detail.show(state.image && state.view !== "review" ? "detail" : null, state);
}

addEventListener("unhandledrejection", ({ reason }) => notice("fault", sentence(reason)));
openHeader(/** @type {HTMLElement} */ (document.getElementById("header")));
takeDrops();
follow();
onChange(show);
show(current());
