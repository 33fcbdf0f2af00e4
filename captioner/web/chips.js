// @ts-check
/** What narrows the wall: chips with counts, a folder, and the order. */

import { statusName } from "./badges.js";
import { fill, h, icon } from "./dom.js";
import { SORTS } from "./filters.js";
import { go, link } from "./state.js";
import { count, cutName, problemName } from "./words.js";

/** @typedef {import("./state.js").State} State */

const NONE = { status: "", review: "", problem: "" };
const STATUSES = ["approved", "edited", "machine", "none"];

export class Chips {
  constructor() {
    this.first = h("ul", { class: "chips" });
    this.second = h("ul", { class: "chips", "aria-label": "Problems by kind" });
    this.element = h("nav", { class: "filters", "aria-label": "Filters" }, this.first, this.second);
  }

  /**
   * @param {State} state
   * @param {import("./live.js").Counts} counts
   */
  showAll(state, counts) {
    const byStatus = new Map(counts.status.map(({ value, count }) => [value, count]));
    const failed = counts.problems.reduce((sum, each) => sum + each.count, 0);
    const none = !state.status && !state.review && !state.problem;
    update(this.first, [
      chip("All", counts.all, NONE, none),
      chip("To review", counts.pending, { ...NONE, review: "pending" }, state.review === "pending"),
      (counts.stale > 0 || state.review === "stale") &&
        chip("Stale", counts.stale, { ...NONE, review: "stale" }, state.review === "stale"),
      ...STATUSES.map((each) => {
        const number = byStatus.get(each) ?? 0;
        const chosen = state.status === each;
        return (
          (number > 0 || chosen) &&
          chip(statusName(each), number, { ...NONE, status: each }, chosen)
        );
      }),
      (failed > 0 || state.problem !== "") &&
        chip("Problems", null, { ...NONE, problem: "any" }, state.problem === "any", "warning"),
    ]);
    update(
      this.second,
      state.problem
        ? counts.problems.map(({ value, count }) =>
            chip(problemName(value), count, { ...NONE, problem: value }, state.problem === value),
          )
        : [],
    );
  }

  /**
   * Show what a search may be narrowed to.
   *
   * @param {State} state
   * @param {import("./live.js").Facet[]} statuses
   */
  showFound(state, statuses) {
    const all = statuses.reduce((sum, each) => sum + each.count, 0);
    update(this.first, [
      chip("All", all, { status: "" }, !state.status),
      ...statuses.map(({ value, count }) =>
        chip(statusName(value), count, { status: value }, state.status === value),
      ),
    ]);
    update(this.second, []);
  }
}

/** Where the wall's folder and order are chosen. */
export class Arrangement {
  constructor() {
    this.folders = h("datalist", { id: "folders" });
    this.folder = h("input", {
      id: "folder",
      class: "field",
      list: "folders",
      placeholder: "Any",
      maxlength: "1000",
      autocomplete: "off",
      on: { change: () => go({ prefix: prefixOf(this.folder.value), page: 1 }) },
    });
    this.sort = h(
      "select",
      { id: "sort", class: "field", on: { change: () => go({ sort: this.sort.value }) } },
      SORTS.map(([value, words]) => h("option", { value }, words)),
    );
    this.element = h(
      "form",
      { class: "arrangement", on: { submit: (event) => event.preventDefault() } },
      h("div", h("label", { for: "folder" }, "Folder"), this.folder, this.folders),
      h("div", h("label", { for: "sort" }, "Order"), this.sort),
    );
  }

  /**
   * @param {State} state
   * @param {string[]} names of the images that are shown
   */
  update(state, names) {
    this.element.hidden = state.q !== "";
    if (document.activeElement !== this.folder) this.folder.value = state.prefix;
    if (document.activeElement !== this.sort) this.sort.value = state.sort;
    const folders = [...new Set(names.map((each) => cutName(each)[0]).filter(Boolean))].sort();
    if (folders.join() === this.offered) return;
    this.offered = folders.join();
    fill(
      this.folders,
      folders.map((value) => h("option", { value })),
    );
  }
}

/**
 * Give the beginning of names that a folder stands for.
 *
 * @param {string} folder as it was typed
 */
export function prefixOf(folder) {
  const trimmed = folder
    .trim()
    .replaceAll("\\", "/")
    .replace(/\/{2,}/g, "/")
    .replace(/^\//, "");
  return trimmed && !trimmed.endsWith("/") ? `${trimmed}/` : trimmed;
}

/**
 * @param {string} words
 * @param {number | null} number
 * @param {import("./state.js").Changes} changes
 * @param {boolean} chosen
 * @param {keyof typeof import("./icons.js").ICONS} [drawing]
 */
function chip(words, number, changes, chosen, drawing) {
  const anchor = h(
    "a",
    { class: "chip", href: link(changes), "aria-current": chosen && "true" },
    drawing && icon(drawing),
    words,
    number !== null && [" ", h("span", { class: "count" }, count(number))],
  );
  // What was chosen since it was drawn, such as another order, stays chosen.
  anchor.addEventListener("click", () => anchor.setAttribute("href", link(changes)));
  return h("li", anchor);
}

/**
 * Show chips in place of those there are, unless they are the same; focus stays where it is.
 *
 * @param {HTMLElement} list
 * @param {(HTMLElement | false)[]} chips
 */
function update(list, chips) {
  const next = h("ul", chips);
  const same = [...next.children].every((each, at) => each.isEqualNode(list.children[at]));
  if (same && next.childElementCount === list.childElementCount) return;
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const address = focused?.getAttribute("href");
  list.replaceChildren(...next.childNodes);
  list.hidden = !list.childElementCount;
  if (focused) {
    const now = [...list.querySelectorAll("a")];
    (now.find((each) => each.getAttribute("href") === address) ?? now[0])?.focus();
  }
}
