// @ts-check
/** The dialog that exports texts: of one image, of a selection, or of all that is shown. */

import { call, ProblemError } from "./api.js";
import { announce, fill, h, icon } from "./dom.js";
import { filesOf } from "./exports.js";
import { saveFile } from "./files.js";
import { namesFound } from "./found.js";
import { current } from "./state.js";
import { count, counted, cutName } from "./words.js";

/**
 * @typedef {import("./exports.js").Scope} Scope
 * @typedef {Scope & {search?: {q: string, status: string}}} Wanted also what a search finds
 */

/** @type {[import("./exports.js").Format, string, string][]} */
const FORMATS = [
  ["csv", "Table (CSV)", "A row for each picture, for spreadsheets and museum systems."],
  ["jsonl", "Records (JSON Lines)", "All that is known of each picture, for programs."],
  ["xmp", "XMP sidecars", "A file beside each picture, for Lightroom, Bridge and their like."],
  ["annotations", "Web annotations (IIIF)", "A page of annotations, for IIIF viewers."],
  ["html", "HTML", "Image elements with their alt text, to paste into a page."],
];
const FILTERS = /** @type {const} */ (["status", "problem", "review", "prefix"]);

/**
 * Open the dialog.
 *
 * @param {{names?: string[]}} [selected] the images that are open or selected
 */
export function open({ names = [] } = {}) {
  const dialog = new ExportDialog(scopes(names));
  document.body.append(dialog.element);
  dialog.element.showModal();
}

/**
 * Give what can be exported from here, the nearest first.
 *
 * @param {string[]} names
 * @returns {{label: import("./dom.js").Child, scope: Wanted}[]}
 */
function scopes(names) {
  const state = current();
  const said = FILTERS.map((each) => [each, state[each]]).filter(([, value]) => value);
  const found = [];
  if (names.length === 1) {
    found.push({ label: ["This picture: ", h("bdi", cutName(names[0])[1])], scope: { names } });
  } else if (names.length > 1) {
    found.push({ label: `The ${count(names.length)} selected pictures`, scope: { names } });
  }
  const { q, status } = state;
  if (q) {
    const search = { q, status };
    found.push({ label: ["All pictures found for “", h("bdi", q), "”"], scope: { search } });
  } else if (said.length > 0) {
    const filters = Object.fromEntries(said);
    found.push({ label: "All pictures under the present filters", scope: { filters } });
  }
  found.push({ label: "The whole collection", scope: {} });
  return found;
}

class ExportDialog {
  /** @type {AbortController | null} */
  #course = null;

  /** @param {{label: import("./dom.js").Child, scope: Wanted}[]} offered */
  constructor(offered) {
    this.offered = offered;
    this.progress = h("progress", {
      "aria-label": "Export",
      max: "1",
      value: "0",
      hidden: true,
    });
    this.said = h("p", { class: "small quiet" });
    this.fault = h("p", { class: "fault", role: "alert" });
    this.start = h("button", { class: "button primary" }, icon("download"), "Save");
    this.choices = h(
      "fieldset",
      { class: "choices" },
      h("legend", "As"),
      FORMATS.map(([value, label, use], at) => choice("format", value, label, at === 0, use)),
    );
    this.which = h(
      "fieldset",
      { class: "choices" },
      h("legend", "What"),
      offered.map(({ label }, at) => choice("scope", String(at), label, at === 0)),
    );
    const cancel = h(
      "button",
      { type: "button", class: "button", on: { click: () => this.element.close() } },
      "Close",
    );
    this.form = h(
      "form",
      h("h2", { id: "export-title" }, icon("download"), "Export"),
      this.which,
      this.choices,
      h("p", { class: "small quiet" }, "Texts that nobody has reviewed are marked as a machine's."),
      this.progress,
      this.said,
      this.fault,
      h("div", { class: "actions" }, cancel, this.start),
    );
    this.element = h(
      "dialog",
      { class: "sheet export", "aria-labelledby": "export-title" },
      this.form,
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#export();
    });
    this.element.addEventListener("close", () => {
      this.#course?.abort();
      this.element.remove();
    });
  }

  async #export() {
    if (this.#course) return;
    const course = new AbortController();
    const { signal } = course;
    const chosen = new FormData(this.form);
    const format = /** @type {import("./exports.js").Format} */ (chosen.get("format"));
    const { scope: wanted } = this.offered[Number(chosen.get("scope"))];
    this.#course = course;
    this.#setBusy(true);
    try {
      const scope = wanted.search ? await scopeOf(wanted.search, signal) : wanted;
      const all = scope.names?.length ?? (await countOf(scope, signal));
      this.progress.max = Math.max(1, all);
      const done = (/** @type {number} */ images) => {
        this.progress.value = Math.min(images, all);
        fill(this.said, `${count(Math.min(images, all))} of ${counted(all, "picture")}`);
      };
      const files = await filesOf(format, scope, { signal, done });
      for (const { blob, name } of files) saveFile(blob, name);
      const names = files.length === 1 ? files[0].name : counted(files.length, "file");
      fill(this.said, icon("approve"), "Saved: ", h("bdi", names));
      announce(`Saved: ${names}`);
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof ProblemError)) throw fault;
      fill(this.said);
      fill(this.fault, fault.detail);
    } finally {
      this.#course = null;
      this.#setBusy(false);
    }
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.form.setAttribute("aria-busy", String(busy));
    this.start.setAttribute("aria-disabled", String(busy));
    this.progress.hidden = !busy;
    if (!busy) return;
    this.progress.removeAttribute("value"); // until the first part is there
    fill(this.said, "Gathering the texts…");
    fill(this.fault);
  }
}

/**
 * Give what a search finds now.
 *
 * @param {{q: string, status: string}} search
 * @param {AbortSignal} signal
 * @returns {Promise<Scope>}
 */
async function scopeOf(search, signal) {
  const names = await namesFound(search, signal);
  if (names.length) return { names };
  throw new ProblemError(404, "nothing_found", "The search finds no picture any more.");
}

/**
 * Count what a scope holds.
 *
 * @param {Scope} scope
 * @param {AbortSignal} signal
 * @returns {Promise<number>}
 */
async function countOf({ filters = {} }, signal) {
  const { data } = await call("GET", "/api/images", { query: { ...filters, limit: 1 }, signal });
  return data.total;
}

/**
 * @param {string} name
 * @param {string} value
 * @param {import("./dom.js").Child} label
 * @param {boolean} checked
 * @param {string} [use]
 */
function choice(name, value, label, checked, use = "") {
  const id = `export-${name}-${value}`;
  return h(
    "div",
    { class: "choice" },
    h("input", {
      type: "radio",
      id,
      name,
      value,
      checked,
      "aria-describedby": use && `${id}-use`,
    }),
    h("label", { for: id }, label),
    use && h("p", { id: `${id}-use`, class: "small quiet" }, use),
  );
}
