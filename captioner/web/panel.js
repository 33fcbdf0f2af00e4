// @ts-check
/** All that is known of one image: the picture, its text, and where the text comes from. */

import { call, ProblemError, pathOf } from "./api.js";
import { Attention } from "./attention.js";
import { captionsOf, problemsOf } from "./captions.js";
import { fill, h, icon } from "./dom.js";
import { Editor } from "./editor.js";
import { onChanged } from "./events.js";
import { saveFile } from "./files.js";
import { Following } from "./following.js";
import { History } from "./history.js";
import { Kept } from "./kept.js";
import { Stage } from "./stage.js";
import { bytes, time } from "./telling.js";
import { count, cutName } from "./words.js";

/**
 * @typedef {object} Ways
 * @property {() => void} [next] goes on to the next image
 * @property {(record: any) => void} [shown] told of each version of the record
 * @property {() => void} [missing] told that there is no record
 */

export class Panel {
  #parts = "";

  /**
   * @param {string} name the image's
   * @param {Ways} [ways]
   */
  constructor(name, ways = {}) {
    this.name = name;
    this.ways = ways;
    this.stage = new Stage(name);
    this.attention = new Attention(name, this.stage.overlay);
    this.editor = new Editor(name, { next: ways.next });
    this.history = new History(name, (text) => this.editor.restore(text));
    this.kept = new Kept(name);
    this.trouble = h("div", { class: "trouble" });
    this.captions = h("div", { class: "parts" });
    this.facts = h("p", { class: "about small quiet" });
    this.told = h(
      "div",
      { class: "known", hidden: true },
      this.editor.element,
      this.captions,
      this.history.element,
      this.facts,
    );
    this.element = h(
      "div",
      { class: "panel" },
      h("div", { class: "looking" }, this.stage.element, this.attention.element),
      h("div", { class: "telling" }, this.trouble, this.told),
    );
    this.following = new Following(name, {
      found: (record, etag) => this.#show(record, etag),
      failed: (fault) => this.#fail(fault),
      back: () => this.following.record && this.#tellProblems(this.following.record),
    });
    this.deaf = onChanged((record, etag) => {
      if (record.image.name !== name) return;
      this.following.adopt(record, etag ?? "*");
      this.#show(record, etag ?? "*");
    });
  }

  /** The record as it stands, or null while it is not there. */
  get record() {
    return this.following.record;
  }

  close() {
    this.deaf();
    this.following.close();
    this.attention.close();
    this.history.close();
    this.kept.close();
    this.editor.close();
  }

  /**
   * @param {any} record
   * @param {string} etag
   */
  #show(record, etag) {
    this.told.hidden = false;
    this.kept.close();
    this.stage.show(record);
    this.attention.show(record);
    this.editor.show({ record, etag });
    this.history.show(record);
    this.#tellProblems(record);
    const { captions, agreement, descriptions, alt_text: altText } = record;
    const parts = JSON.stringify([captions, agreement, descriptions, altText?.text]);
    if (parts !== this.#parts) {
      this.#parts = parts; // what is the same stays, and with it the focus
      fill(
        this.captions,
        captionsOf(record, (text) => this.editor.put(text)),
      );
    }
    fill(this.facts, factsOf(record));
    this.ways.shown?.(record);
  }

  /** @param {any} record */
  #tellProblems(record) {
    fill(this.trouble, problemsOf(record.problems));
  }

  /** @param {ProblemError} fault */
  #fail(fault) {
    if (fault.code !== "record_not_found") {
      fill(this.trouble, h("p", { class: "fault", role: "status" }, icon("warning"), fault.detail));
      return;
    }
    this.told.hidden = this.record === null || !this.editor.isDirty;
    if (!this.kept.element.isConnected) fill(this.trouble, this.kept.element);
    this.kept.tell(this.record !== null);
    this.ways.missing?.();
  }
}

/**
 * Fetch the bytes of an image as they were uploaded, and save them as a file.
 *
 * @param {string} name
 */
export async function saveOriginal(name) {
  const answer = await call("GET", pathOf("/api/images/", name));
  saveFile(await answer.blob(), cutName(name)[1]);
}

/**
 * @param {any} record
 * @returns {import("./dom.js").Child[]}
 */
function factsOf({ image, updated }) {
  const { content_type: type, width, height, bytes: size } = image;
  const parts = [
    type && h("bdi", type.replace("image/", "").toUpperCase()),
    width && height && `${count(width)} × ${count(height)} pixels`,
    size !== undefined && bytes(size),
    ["last changed ", time(updated)],
  ];
  return parts.filter(Boolean).map((each, at) => [at > 0 && " · ", each]);
}
