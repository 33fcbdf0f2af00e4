// @ts-check
/** Two people wrote at once: both texts side by side, and what to do about it. */

import { marked } from "./differences.js";
import { h } from "./dom.js";
import { behind, time } from "./telling.js";

/**
 * @typedef {object} Conflict
 * @property {any} theirs the alt text that stands now, or null
 * @property {string} mine
 * @property {boolean} replaced whether the image itself is another now
 *
 * @typedef {{keepTheirs: () => void, useMine: () => void, edit: () => void}} Ways
 */

/**
 * Give the panel that shows both texts.
 *
 * @param {Conflict} conflict
 * @param {Ways} ways
 */
export function mergePanel({ theirs, mine, replaced }, { keepTheirs, useMine, edit }) {
  const panel = h(
    "section",
    { class: "merge", "aria-labelledby": "merge-title" },
    h("h4", { id: "merge-title", tabindex: "-1" }, titleOf(theirs, replaced)),
    h("p", "What you typed is still in the field above. Nothing is published yet."),
    h(
      "dl",
      h("dt", "Theirs"),
      theirs
        ? [
            h("dd", { class: "text", dir: "auto" }, theirs.text),
            h("dd", { class: "who" }, h("bdi", behind(theirs)), ", ", time(theirs.updated)),
          ]
        : h("dd", { class: "who" }, "No text."),
      h("dt", "Yours"),
      h("dd", { class: "text", dir: "auto" }, mine),
      theirs && [
        h("dt", "From theirs to yours"),
        h("dd", { class: "text" }, marked(theirs.text, mine)),
      ],
    ),
    h(
      "div",
      { class: "actions" },
      h("button", { type: "button", class: "button", on: { click: keepTheirs } }, "Keep theirs"),
      h("button", { type: "button", class: "button", on: { click: useMine } }, "Use mine"),
      h("button", { type: "button", class: "button", on: { click: edit } }, "Edit a combination"),
    ),
  );
  return panel;
}

/**
 * @param {any} theirs
 * @param {boolean} replaced
 */
function titleOf(theirs, replaced) {
  if (replaced) return "The image was replaced while you wrote: look at it again";
  if (theirs === null) return "The text was taken away while you wrote";
  if (theirs.status === "machine") return "The captioners propose another text meanwhile";
  return "Somebody published another text meanwhile";
}
