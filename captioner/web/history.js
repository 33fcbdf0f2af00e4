// @ts-check
/** The texts that an image had, newest first, and the way back to each. */

import { call, ProblemError, pathOf } from "./api.js";
import { marked } from "./differences.js";
import { fill, h, icon } from "./dom.js";
import { standing } from "./telling.js";

/** The history of one image's alt text; fetched once it is opened, and after each change. */
export class History {
  /** @type {AbortController | null} */
  #request = null;
  #shown = "";
  /** @type {any} */
  #present = null;

  /**
   * @param {string} name the image's
   * @param {(text: string) => void} restore
   */
  constructor(name, restore) {
    this.name = name;
    this.restore = restore;
    this.body = h("div", { class: "versions" });
    this.element = h(
      "details",
      { class: "history", on: { toggle: () => this.#refresh() } },
      h("summary", icon("history"), "Earlier texts"),
      this.body,
    );
  }

  /**
   * Take a version of the record.
   *
   * @param {any} record
   */
  show(record) {
    const wanted = JSON.stringify([record.alt_text, record.history.length]);
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.#present = record.alt_text;
    this.#refresh();
  }

  close() {
    this.#request?.abort();
  }

  async #refresh() {
    this.#request?.abort();
    if (!this.element.open) return;
    const request = new AbortController();
    this.#request = request;
    try {
      const path = pathOf("/api/history/", this.name);
      const { data } = await call("GET", path, { signal: request.signal });
      if (!request.signal.aborted) this.#draw(data.versions);
    } catch (fault) {
      if (request.signal.aborted) return;
      if (!(fault instanceof ProblemError)) throw fault;
      if (fault.code === "nothing_kept") this.#draw([]);
      else fill(this.body, h("p", { class: "fault", role: "alert" }, fault.detail));
    }
  }

  /** @param {any[]} versions */
  #draw(versions) {
    const present = this.#present;
    const earlier = present ? versions.slice(1) : versions;
    if (earlier.length === 0) {
      fill(this.body, h("p", { class: "quiet" }, "Nobody has replaced a text of this image yet."));
      return;
    }
    fill(
      this.body,
      h(
        "ol",
        { "aria-label": "Earlier texts, newest first" },
        earlier.map((each) => this.#version(each, present)),
      ),
    );
  }

  /**
   * @param {any} version
   * @param {any} present the alt text that stands, or null
   */
  #version(version, present) {
    const { text, language } = version;
    const same = text === present?.text;
    return h(
      "li",
      h("p", { class: "small quiet" }, standing(version)),
      h("p", { class: "sentence" }, h("bdi", { lang: language }, text)),
      same
        ? h("p", { class: "small quiet" }, "The same words as the present text.")
        : h(
            "p",
            { class: "small" },
            h("span", { class: "quiet" }, "Since then: "),
            marked(text, present?.text ?? ""),
          ),
      !same &&
        h(
          "button",
          {
            type: "button",
            class: "use",
            "aria-label": `Restore this text: ${text}`,
            on: { click: () => this.restore(text) },
          },
          "Restore this text",
        ),
    );
  }
}
