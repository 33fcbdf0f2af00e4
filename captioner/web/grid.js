// @ts-check
/** The pictures side by side, kept as they are where nothing about them has changed. */

import { Card } from "./cards.js";
import { h } from "./dom.js";
import { isShortcut } from "./shortcuts.js";

/** @typedef {import("./cards.js").Shown} Shown */

const TOP = 120; // px of scrolling that still is the top of the page

export class Grid {
  /** @param {(name: string, selected: boolean) => void} onSelect */
  constructor(onSelect) {
    /** @type {Map<string, Card>} */
    this.cards = new Map();
    this.onSelect = onSelect;
    // Safari forgets that a list without bullets is one, so its role is spelled out.
    this.element = h("ul", { class: "wall", role: "list", "aria-label": "Pictures" });
    this.element.addEventListener("keydown", (event) => this.#move(event));
  }

  /** Whether somebody is in the middle of it: a new order would take it from their eyes or hands. */
  get isLookedAt() {
    const open = document.getElementById("detail")?.hasChildNodes();
    return scrollY > TOP || open || this.element.contains(document.activeElement);
  }

  /**
   * Show these, in this order.
   *
   * @param {Shown[]} shown
   * @param {string} open the name of the picture that is open
   */
  show(shown, open) {
    const focused = document.activeElement;
    const before = this.cards;
    this.cards = new Map();
    shown.forEach((each, at) => {
      const { name } = each.entry;
      const card = before.get(name) ?? new Card(name, this.onSelect);
      this.cards.set(name, card);
      card.update(each);
      card.mark(name === open);
      const present = this.element.children[at];
      if (present !== card.element) this.element.insertBefore(card.element, present ?? null);
    });
    while (this.element.children.length > shown.length) this.element.lastElementChild?.remove();
    if (focused instanceof HTMLElement && focused !== document.activeElement) {
      if (focused.isConnected) focused.focus({ preventScroll: true });
    }
  }

  /**
   * Show at once what a person has just done to an image.
   *
   * @param {any} record
   */
  change(record) {
    const card = this.cards.get(record.image.name);
    if (!card) return;
    card.update({ entry: { ...card.entry, alt_text: record.alt_text } });
  }

  /** @param {string} name of the picture that is open, or "" */
  openIs(name) {
    for (const [each, card] of this.cards) {
      card.mark(each === name);
      card.relink();
    }
  }

  /** @param {string} name */
  focus(name) {
    this.cards.get(name)?.open.focus();
  }

  /** @param {Set<string>} names */
  select(names) {
    for (const [name, card] of this.cards) card.select(names.has(name));
  }

  /** @param {KeyboardEvent} event */
  #move(event) {
    if (!isShortcut(event)) return;
    const elements = /** @type {HTMLElement[]} */ ([...this.element.children]);
    const at = elements.findIndex((each) => each.contains(/** @type {Node} */ (event.target)));
    if (at < 0) return;
    if (event.key === "x") {
      elements[at].querySelector("input")?.click();
    } else {
      const next = elements[targetOf(event.key, at, elements)];
      if (!next) return;
      next.querySelector("a")?.focus();
    }
    event.preventDefault();
  }
}

/**
 * Give which card a key leads to, or -1 for other keys and beyond the edges.
 *
 * @param {string} key
 * @param {number} at
 * @param {HTMLElement[]} elements
 */
function targetOf(key, at, elements) {
  const top = elements[0].offsetTop;
  const second = elements.findIndex((each) => each.offsetTop !== top);
  const columns = second < 0 ? elements.length : second;
  const forward = getComputedStyle(elements[0]).direction === "rtl" ? -1 : 1;
  const last = elements.length - 1;
  switch (key) {
    case "ArrowRight":
      return at + forward;
    case "ArrowLeft":
      return at - forward;
    case "ArrowDown":
      return at + columns <= last ? at + columns : -1;
    case "ArrowUp":
      return at - columns;
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return -1;
  }
}
