// @ts-check
/** Keys that do something on the page: told in one place, and off for those who want none. */

import { h } from "./dom.js";

const PLACE = "captioner.shortcuts";

/** Where keys work, and what each does. @type {[string, [string[], string][]][]} */
const KEYS = [
  [
    "Everywhere",
    [
      [["/"], "Search"],
      [["?"], "Show these keys"],
      [["Esc"], "Close what is open"],
    ],
  ],
  [
    "On the wall",
    [
      [["←", "→", "↑", "↓"], "Go from picture to picture"],
      [["Home", "End"], "Go to the first or last picture shown"],
      [["Enter"], "Open the picture"],
      [["x"], "Select the picture"],
    ],
  ],
  [
    "In an open picture and in the review queue",
    [
      [["→", "j"], "Next picture"],
      [["←", "k"], "Previous picture"],
      [["a"], "Approve the text"],
      [["e"], "Edit the text"],
      [["Ctrl Enter"], "Publish what you typed; with Shift, go on too"],
    ],
  ],
];

/**
 * Tell whether a key is meant for the page: nobody types, and single keys are not turned off.
 *
 * @param {KeyboardEvent} event
 */
export function isShortcut(event) {
  if (event.defaultPrevented || event.isComposing) return false;
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = /** @type {Element} */ (event.target);
  if (target.matches?.("input:not([type=checkbox]), textarea, select")) return false;
  return event.key.length > 1 || localStorage.getItem(PLACE) !== "off";
}

/** Show the keys. */
export function showShortcuts() {
  const on = h("input", { type: "checkbox", id: "single-keys" });
  on.checked = localStorage.getItem(PLACE) !== "off";
  on.addEventListener("change", () => localStorage.setItem(PLACE, on.checked ? "on" : "off"));
  const dialog = h(
    "dialog",
    { class: "sheet narrow keys", "aria-labelledby": "keys-title" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "keys-title" }, "Keys"),
      KEYS.map(([where, keys]) => [
        h("h3", where),
        h(
          "dl",
          keys.map(([names, meaning]) =>
            h(
              "div",
              h(
                "dt",
                names.map((each) => [h("kbd", each), " "]),
              ),
              h("dd", meaning),
            ),
          ),
        ),
      ]),
      h("label", { class: "check" }, on, "Single letters and signs work as keys"),
      h("div", { class: "actions" }, h("button", { class: "button primary" }, "Close")),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
