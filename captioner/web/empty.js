// @ts-check
/** What stands where there is no picture, and what can be done about it. */

import { h, icon } from "./dom.js";
import { isFiltered } from "./filters.js";
import { link } from "./state.js";
import { dropZone } from "./upload.js";

/**
 * Give why nothing is shown, and how to say so.
 *
 * @param {import("./state.js").State} state
 * @returns {{key: string, make: () => HTMLElement}}
 */
export function emptyOf(state) {
  if (state.q) return { key: `q ${state.q}`, make: () => nothingFound(state.q) };
  if (isFiltered(state)) return { key: "filtered", make: nothingLeft };
  return { key: "empty", make: dropZone };
}

/** @param {string} q */
function nothingFound(q) {
  return h(
    "div",
    { class: "empty" },
    icon("search"),
    h("h2", "No picture says “", h("bdi", q), "”"),
    h("p", "Try fewer or other words, or the beginning of one with a star, such as guit*."),
    h("a", { class: "button", href: link({ q: "", status: "" }) }, "Show all pictures"),
  );
}

function nothingLeft() {
  const all = { status: "", review: "", problem: "", prefix: "" };
  return h(
    "div",
    { class: "empty" },
    icon("picture"),
    h("h2", "No picture is like that"),
    h("p", "None has what these filters ask for. Perhaps that is good news."),
    h("a", { class: "button", href: link(all) }, "Show all pictures"),
  );
}
