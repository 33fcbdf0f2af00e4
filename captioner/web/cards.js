// @ts-check
/** One picture on the wall: what it shows, what is said of it, and how that stands. */

import { badge, isUnsure, statusOf } from "./badges.js";
import { fill, h, icon } from "./dom.js";
import { picture } from "./pictures.js";
import { link } from "./state.js";
import { cutName, percent, problemName, problemSentence, sourceName } from "./words.js";

/**
 * @typedef {{text: string, match: boolean}} Segment
 * @typedef {{field: string, source?: string, segments: Segment[]}} Match
 * @typedef {object} Shown
 * @property {any} entry as the catalogue has it, or what an upload gave
 * @property {Match[]} [matches] where the search found it
 * @property {boolean} [waiting] its captions are awaited
 * @property {boolean} [late] they should be there by now
 */

let made = 0;

export class Card {
  /**
   * @param {string} name
   * @param {(name: string, selected: boolean) => void} onSelect
   */
  constructor(name, onSelect) {
    this.name = name;
    this.entry = { name };
    made += 1;
    this.frame = h("div", { class: "frame" });
    this.text = h("p", { class: "text", id: `text-${made}`, dir: "auto" });
    this.open = h("a", {
      class: "open",
      title: name,
      "aria-describedby": `text-${made} facts-${made}`,
    });
    this.more = h("p", { class: "more" });
    this.facts = h("p", { class: "facts", id: `facts-${made}` });
    this.box = h("input", {
      type: "checkbox",
      "aria-label": `Select ${name}`,
      on: { change: () => onSelect(name, this.box.checked) },
    });
    this.element = h(
      "li",
      { class: "card" },
      this.frame,
      this.text,
      h("p", { class: "name" }, this.open),
      this.more,
      this.facts,
      h("span", { class: "select" }, this.box),
    );
    this.signature = "";
    this.pictured = "";
  }

  /**
   * Show an image as it stands now; what has not changed is not touched.
   *
   * @param {Shown} shown
   */
  update(shown) {
    const { entry, waiting = false } = shown;
    this.entry = entry;
    this.relink();
    const signature = JSON.stringify(shown);
    if (signature === this.signature) return;
    this.signature = signature;
    const status = waiting ? "waiting" : statusOf(entry.alt_text);
    this.element.dataset.status = status;
    this.#show(entry, waiting);
    fill(this.text, ...textOf(shown));
    fill(this.open, h("bdi", nameOf(shown)));
    fill(this.more, ...moreOf(shown));
    fill(this.facts, ...factsOf(shown, status));
  }

  /** Lead to the picture from where the page is now. */
  relink() {
    this.open.href = link({ image: this.name });
  }

  /** @param {boolean} selected */
  select(selected) {
    this.box.checked = selected;
    this.element.classList.toggle("selected", selected);
  }

  /** @param {boolean} is whether this is the picture that is open */
  mark(is) {
    if (is) this.open.setAttribute("aria-current", "true");
    else this.open.removeAttribute("aria-current");
  }

  /**
   * @param {any} entry
   * @param {boolean} waiting
   */
  #show(entry, waiting) {
    const unseen = !waiting && !entry.width;
    const pictured = unseen ? "none" : `${entry.version}`;
    if (pictured === this.pictured) return;
    this.pictured = pictured;
    fill(this.frame, unseen ? icon("picture") : picture(entry, "small"));
  }
}

/** @param {Shown} shown */
function textOf({ entry, matches = [], waiting, late }) {
  if (waiting) {
    return [
      h("em", late ? "Still waiting for captions. They may be late." : "Waiting for captions …"),
    ];
  }
  const found = matches.find(({ field }) => field === "alt_text");
  if (found) return marked(found.segments);
  if (entry.alt_text) return [entry.alt_text.text];
  const [problem] = entry.problems ?? [];
  return [h("em", problem ? problemSentence(problem) : "Nobody has said anything of it yet.")];
}

/** @param {Shown} shown */
function nameOf({ entry, matches = [] }) {
  const found = matches.find(({ field }) => field === "name");
  if (found) return marked(found.segments);
  const [folder, file] = cutName(entry.name);
  return [folder && h("span", { class: "folder" }, folder), file];
}

/**
 * Say what else the search found, where the text above does not show it.
 *
 * @param {Shown} shown
 */
function moreOf({ entry, matches = [] }) {
  const found = matches.find(
    ({ field, segments }) =>
      (field === "caption" || field === "tag") &&
      segments.map(({ text }) => text).join("") !== entry.alt_text?.text,
  );
  if (!found || matches.some(({ field }) => field === "alt_text")) return [];
  const from = found.field === "tag" ? "Tag" : sourceName(found.source ?? "");
  return [`${from}: `, ...marked(found.segments)];
}

/**
 * @param {Shown} shown
 * @param {string} status
 */
function factsOf({ entry, waiting }, status) {
  if (waiting) return [badge(status)];
  const said = (entry.captions ?? []).find(
    (/** @type {{source: string}} */ { source }) => source === entry.alt_text?.source,
  );
  const doubtful = status === "machine" && typeof said?.confidence === "number";
  const [problem, ...others] = entry.problems ?? [];
  return [
    badge(status),
    doubtful && h("span", { class: "confidence" }, `${percent(said.confidence)} confident`),
    isUnsure(entry) && h("span", { class: "unsure" }, "Look closely"),
    problem &&
      h(
        "span",
        { class: "problem", title: problemSentence(problem) },
        icon("warning"),
        problemName(problem),
        others.length > 0 && ` +${others.length}`,
      ),
  ];
}

/** @param {Segment[]} segments */
const marked = (segments) => segments.map(({ text, match }) => (match ? h("mark", text) : text));
