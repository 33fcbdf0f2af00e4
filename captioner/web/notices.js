// @ts-check
/** Sentences across the page about what does not go well, each under a name of its own. */

import { announce, h, icon } from "./dom.js";

/** @type {Map<string, {text: string, element: HTMLElement}>} */
const shown = new Map();

/**
 * Show a notice in place of the one of that name; an empty text takes it away.
 *
 * @param {string} name
 * @param {string} text
 * @param {{keeps?: boolean}} [options] `keeps`: it goes by itself, so nobody need close it
 */
export function notice(name, text, { keeps = false } = {}) {
  const before = shown.get(name);
  if (before?.text === text) return;
  before?.element.remove();
  shown.delete(name);
  if (!text) return;
  const away = h(
    "button",
    { class: "button plain", type: "button", on: { click: () => notice(name, "") } },
    "Close",
  );
  const element = h("div", { class: "notice" }, icon("warning"), h("p", text), keeps ? null : away);
  shown.set(name, { text, element });
  document.getElementById("notices")?.append(element);
  announce(text);
}
