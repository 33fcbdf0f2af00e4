// @ts-check
/** The function key: asked for where the app wants one, and forgotten when the tab is closed. */

import { fill, h, icon } from "./dom.js";

const PLACE = "captioner.key";
const KEY_CHARACTERS = /^[\x21-\x7e]+$/; // what a header can carry

/** @type {Promise<void> | null} */
let asking = null;

/** Give the key that this tab sends, or null while it has none. */
export function key() {
  return sessionStorage.getItem(PLACE);
}

/**
 * Wait until there is another key than the one that was refused; many may wait for one answer.
 *
 * @param {string | null} refused
 * @returns {Promise<void>}
 */
export async function anotherThan(refused) {
  while (key() === refused) {
    asking ??= ask(refused !== null).finally(() => {
      asking = null;
    });
    await asking;
  }
}

/**
 * @param {boolean} wrong
 * @returns {Promise<void>}
 */
function ask(wrong) {
  const field = h("input", {
    id: "key",
    type: "password",
    class: "field",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    "aria-describedby": "key-help key-fault",
  });
  const fault = h("p", { id: "key-fault", class: "fault", role: "alert" });
  const form = h(
    "form",
    h("h2", { id: "key-title" }, icon("key"), "This gallery asks for a key"),
    h(
      "p",
      { id: "key-help" },
      "It is the function key of the app; whoever runs it can give it to you. ",
      "It is kept until you close this tab.",
    ),
    h("label", { for: "key" }, "Key"),
    field,
    fault,
    h("div", { class: "actions" }, h("button", { class: "button primary" }, "Open the gallery")),
  );
  const dialog = h("dialog", { class: "sheet narrow", "aria-labelledby": "key-title" }, form);
  document.body.append(dialog);
  dialog.showModal();
  if (wrong) fill(fault, "The app refused that key. Look for a missing character and try again.");
  return new Promise((resolve) => {
    // Nothing on the page works without a key, so the question stays until it is answered.
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    dialog.addEventListener("close", () => dialog.isConnected && dialog.showModal());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const given = field.value.trim();
      if (!KEY_CHARACTERS.test(given)) {
        fill(fault, "A key has only letters, digits and signs such as - _ =. Copy it again.");
        return;
      }
      sessionStorage.setItem(PLACE, given);
      dialog.remove();
      resolve();
    });
  });
}
