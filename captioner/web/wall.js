// @ts-check
/** The wall: the pictures of the collection, or those that a search found, a page at a time. */

import { ProblemError } from "./api.js";
import { awaitedOn, isAwaited, LATE_MS, onArrival } from "./arrivals.js";
import { Arrangement, Chips } from "./chips.js";
import { announce, fill, h, icon } from "./dom.js";
import { emptyOf } from "./empty.js";
import { onChanged, onRemoved } from "./events.js";
import { isFiltered, listingOf, PAGE_SIZE } from "./filters.js";
import { beyond, Found } from "./found.js";
import { Grid } from "./grid.js";
import { hurry, lookAt, onListing } from "./live.js";
import { Newcomers } from "./newcomers.js";
import { notice } from "./notices.js";
import { arrange } from "./order.js";
import { Pager } from "./pager.js";
import { Selection } from "./selection.js";
import { go } from "./state.js";
import { counted, sentence } from "./words.js";

/**
 * @typedef {import("./state.js").State} State
 * @typedef {import("./cards.js").Shown} Shown
 */

/** @type {import("./found.js").Answer} */
const NOTHING = { total: 0, results: [], corrections: [], facets: { status: [] } };

/**
 * Open the wall.
 *
 * @param {HTMLElement} root
 * @param {State} state
 */
export function open(root, state) {
  const wall = new Wall(root, state);
  return {
    update: (/** @type {State} */ next) => wall.update(next),
    close: () => wall.close(),
  };
}

class Wall {
  /**
   * @param {HTMLElement} root
   * @param {State} state
   */
  constructor(root, state) {
    this.state = state;
    /** What is looked at; the wall is drawn anew where this is another. */
    this.scene = "";
    /** @type {number | undefined} */
    this.late = undefined;
    /** @type {import("./live.js").Listing | null} */
    this.listing = null;
    /** @type {{key: string, make: () => HTMLElement} | null} */
    this.nothing = null;
    this.query = "";
    /** @type {Shown[]} */
    this.shown = [];
    this.total = 0;
    this.title = h("h1", { tabindex: "-1" });
    this.told = h("p", { class: "quiet" });
    this.chips = new Chips();
    this.arrangement = new Arrangement();
    this.newcomers = new Newcomers(() => this.#draw({ held: false }));
    this.grid = new Grid((name, selected) => this.selection.set(name, selected));
    this.empty = h("div");
    this.pager = new Pager();
    this.selection = new Selection(this.grid);
    this.found = new Found((fault) => this.#tell(fault));
    fill(
      root,
      h(
        "div",
        { class: "wall-head" },
        h("div", { class: "wall-title" }, this.title, this.told),
        this.chips.element,
        h("div", { class: "wall-tools" }, this.arrangement.element, this.#whole()),
      ),
      this.newcomers.element,
      this.grid.element,
      this.empty,
      this.pager.element,
      this.selection.element,
    );
    this.grid.element.setAttribute("aria-busy", "true");
    this.stops = [
      onListing((listing, query) => this.#listed(listing, query)),
      onArrival(() => {
        hurry();
        if (this.scene && !this.state.q) this.#draw({ held: false });
        clearTimeout(this.late);
        this.late = setTimeout(() => this.scene && this.#draw({ held: true }), LATE_MS);
      }),
      () => clearTimeout(this.late),
      onChanged((record) => {
        this.grid.change(record);
        hurry();
      }),
      onRemoved((name) => {
        this.selection.set(name, false);
        this.#show(
          this.shown.filter(({ entry }) => entry.name !== name),
          this.total - 1,
        );
        hurry();
      }),
    ];
    this.update(state);
  }

  /** @param {State} state */
  update(state) {
    const before = this.state;
    this.state = state;
    this.grid.openIs(state.image);
    if (before.image && !state.image) this.#returnTo(before.image);
    if (this.scene && sceneOf(before) === sceneOf(state)) return;
    if (before !== state) scrollTo({ top: 0 }); // where the first and best ones are
    if (before.page !== state.page) this.title.focus({ preventScroll: true });
    this.scene = "";
    this.newcomers.clear();
    this.grid.element.setAttribute("aria-busy", "true");
    if (state.q) {
      this.listing = null;
      this.query = lookAt({ limit: 1 });
      this.#search();
    } else {
      this.found.stop();
      this.#tell(null);
      this.query = lookAt(listingOf(state));
    }
  }

  /**
   * Give the focus to a picture that was open, once its dialog has closed and given it back.
   *
   * @param {string} name
   */
  #returnTo(name) {
    queueMicrotask(() => {
      this.grid.focus(name);
      if (document.activeElement === document.body) this.title.focus({ preventScroll: true });
    });
  }

  close() {
    this.found.stop();
    for (const stop of this.stops) stop();
    arrange();
    lookAt({ limit: 1 });
  }

  /** Make what is done with all that is shown, or with all there is. */
  #whole() {
    const open = async () => (await import("./exporting.js")).open();
    return h(
      "div",
      { class: "whole" },
      this.selection.all,
      h(
        "button",
        { class: "button", type: "button", on: { click: open } },
        icon("download"),
        "Export all",
      ),
    );
  }

  /**
   * @param {import("./live.js").Listing} listing
   * @param {string} query
   */
  #listed(listing, query) {
    if (query !== this.query) return;
    if (this.state.q) {
      if (this.scene) this.#search(); // something has changed
      return;
    }
    const first = !this.scene;
    this.scene = sceneOf(this.state);
    this.newcomers.heard(listing.images, { first });
    this.listing = listing;
    this.#draw({ held: !first });
  }

  /** @param {unknown} fault of a search, or null once it is over */
  #tell(fault) {
    notice("search", fault ? sentence(fault) : "");
    // What was there before is not what such a search finds.
    if (fault instanceof ProblemError && !fault.passes) this.#showFound(this.state, NOTHING);
  }

  async #search() {
    const asked = this.state;
    const answer = await this.found.find(asked);
    if (answer && sceneOf(asked) === sceneOf(this.state)) this.#showFound(asked, answer);
  }

  /**
   * @param {State} asked
   * @param {import("./found.js").Answer} answer
   */
  #showFound(asked, answer) {
    const first = this.scene !== sceneOf(asked);
    this.scene = sceneOf(asked);
    this.chips.showFound(asked, answer.facets.status);
    const hits = answer.results.map((hit) => ({ entry: hit.image, matches: hit.matches }));
    this.#show(hits, answer.total);
    const instead = answer.corrections.map(
      (each) => `Nothing has “${each.word}”, so this is for “${each.instead}”.`,
    );
    this.#entitle(
      `${counted(answer.total, "picture")} for “${asked.q}”`,
      instead.join(" "),
      answer.total,
    );
    if (first) announce([`${counted(answer.total, "picture")} found.`, ...instead].join(" "));
  }

  /**
   * Show what the collection has; `held` keeps pictures in their places while somebody looks.
   *
   * @param {{held: boolean}} how
   */
  #draw({ held }) {
    const { listing, state } = this;
    if (!listing) return;
    const { total, images } = listing;
    const pages = Math.max(1, Math.ceil(total / PAGE_SIZE));
    if (state.page > pages) return go({ page: pages }, { replace: true });
    this.chips.showAll(state, listing.counts);
    const listed = images.map((entry) => ({ entry, waiting: isAwaited(entry) }));
    const shown = [...awaitedOn(state, images), ...listed];
    if (held && this.newcomers.hold(shown, this.shown, this.grid.isLookedAt)) {
      const present = new Map(shown.map((each) => [each.entry.name, each]));
      this.#show(
        this.shown.map((each) => present.get(each.entry.name) ?? each),
        total,
      );
    } else {
      this.newcomers.clear();
      this.#show(shown, total);
    }
    const all = total === 0 && listing.counts.all === 0 && !isFiltered(state);
    this.#entitle(all ? "" : counted(total, "picture"), folderOf(state), total);
  }

  /**
   * @param {Shown[]} shown
   * @param {number} total on all pages
   */
  #show(shown, total) {
    this.shown = shown;
    this.total = total;
    this.grid.show(shown, this.state.image);
    this.grid.element.setAttribute("aria-busy", "false");
    const names = shown.map(({ entry }) => entry.name);
    const before = (this.state.page - 1) * PAGE_SIZE;
    const last = before + names.length;
    arrange({
      names,
      before,
      total: Math.max(last, total),
      beyond: (way) => beyond(this.state, way),
    });
    this.arrangement.update(this.state, names);
    this.selection.shows(names);
  }

  /**
   * @param {string} title
   * @param {string} told
   * @param {number} total
   */
  #entitle(title, told, total) {
    fill(this.title, title);
    fill(this.told, told);
    this.pager.update(this.state.page, Math.ceil(total / PAGE_SIZE));
    const nothing = this.shown.length === 0 ? emptyOf(this.state) : null;
    if (nothing?.key !== this.nothing?.key) fill(this.empty, nothing?.make());
    this.nothing = nothing;
  }
}

/**
 * Name what a state shows on the wall, whichever picture is open.
 *
 * @param {State} state
 */
const sceneOf = (state) => JSON.stringify({ ...state, image: "" });

/** @param {State} state */
const folderOf = ({ prefix }) => (prefix ? `in ${prefix}` : "");
