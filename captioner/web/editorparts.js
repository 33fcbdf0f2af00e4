// @ts-check
/** The elements of the editor of an alt text. */

import { h, icon } from "./dom.js";

/**
 * @typedef {object} Deeds
 * @property {() => void} typed
 * @property {() => void} publish
 * @property {() => void} publishAndNext
 * @property {() => void} approve
 * @property {() => void} handBack
 * @property {() => void} undo
 * @property {() => void} bringBack
 */

/**
 * Make them.
 *
 * @param {Deeds} deeds
 */
export function editorParts(deeds) {
  const count = h("span", { class: "count" });
  const gauge = h("span", { class: "gauge", "aria-hidden": "true" });
  const guide = h("span", { class: "guide", id: "alt-text-guide" });
  const hints = h("ul", { class: "hints", id: "alt-text-hints", hidden: true });
  const field = h("textarea", {
    id: "alt-text",
    class: "field",
    rows: "4",
    dir: "auto",
    spellcheck: "true",
    autocomplete: "off",
    disabled: true,
    "aria-describedby": "alt-text-guide alt-text-hints",
    "aria-keyshortcuts": "Control+Enter Meta+Enter",
    on: { input: deeds.typed },
  });
  const standing = h("p", { class: "standing small quiet" });
  const stale = h(
    "p",
    { class: "stale", hidden: true },
    icon("stale"),
    h(
      "span",
      h("strong", "The image was replaced after this text was written."),
      " If the text still fits, approve it again; if not, change it.",
    ),
  );
  const unsure = h(
    "p",
    { class: "unsure small", hidden: true },
    icon("help"),
    "Our model is unsure of this picture. Look closely before you approve the text.",
  );
  const merge = h("div", { class: "merging" });
  const fault = h("p", { class: "fault", role: "alert" });
  const said = h("p", { class: "said small" });
  const aside = h(
    "p",
    { class: "aside small", hidden: true },
    "The text that you typed is put aside. ",
    button("Bring my text back", deeds.bringBack, "plain"),
  );
  const publish = button("Publish", deeds.publish);
  const publishAndNext = button("Publish and go on", deeds.publishAndNext);
  const approve = button("Approve as it is", deeds.approve, "approve");
  const handBack = button("Hand back to the captioners", deeds.handBack, "plain");
  const undo = button("Undo my changes", deeds.undo, "plain");
  const form = h(
    "form",
    { class: "editor", on: { submit: (/** @type {Event} */ event) => event.preventDefault() } },
    h("div", { class: "top" }, h("label", { for: "alt-text" }, "Alt text"), standing),
    stale,
    unsure,
    field,
    h("div", { class: "measure small" }, gauge, guide, count),
    hints,
    merge,
    aside,
    fault,
    h("div", { class: "deeds" }, approve, publish, publishAndNext, undo, handBack, said),
  );
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    if (event.shiftKey) deeds.publishAndNext();
    else deeds.publish();
  });
  return {
    form,
    field,
    count,
    gauge,
    guide,
    hints,
    standing,
    stale,
    unsure,
    merge,
    fault,
    said,
    aside,
    publish,
    publishAndNext,
    approve,
    handBack,
    undo,
  };
}

/**
 * @param {string} words
 * @param {() => void} deed
 * @param {string} [kind]
 */
function button(words, deed, kind = "") {
  return h("button", { type: "button", class: `button ${kind}`, on: { click: deed } }, words);
}
