// @ts-check
/** Where the own model looked for each word of its caption, shown over the picture. */

import { call, ProblemError, pathOf } from "./api.js";
import { announce, fill, h, icon } from "./dom.js";
import { drawLight } from "./light.js";

const STEP_MS = 900;
const OWN = "onnx";

/** @typedef {{word: string, place: string, attention: number[]}} Word */

/** The words as buttons, each of which leaves bright only what the model looked at for it. */
export class Attention {
  /** @type {AbortController | null} */
  #request = null;
  /** @type {HTMLButtonElement[]} */
  #buttons = [];
  /** @type {Word[]} */
  #words = [];
  #side = 0;
  #pressed = -1;
  #subject = "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #playing;

  /**
   * @param {string} name the image's
   * @param {HTMLCanvasElement} overlay lies over the picture
   */
  constructor(name, overlay) {
    this.name = name;
    this.overlay = overlay;
    this.body = h("div");
    this.element = h(
      "section",
      { class: "attention", "aria-labelledby": "attention-title", hidden: true },
      h("h3", { id: "attention-title" }, "Where our model looked"),
      this.body,
    );
  }

  /**
   * Take a version of the record; what is shown is of one picture and one caption.
   *
   * @param {any} record
   */
  show(record) {
    const caption = record.captions.find((/** @type {any} */ each) => each.source === OWN);
    const subject = JSON.stringify([caption?.text, caption?.model, record.image.sha256]);
    if (subject === this.#subject) return;
    this.#subject = subject;
    this.close();
    this.element.hidden = !caption;
    this.#offer();
  }

  close() {
    this.#request?.abort();
    this.#stop();
    this.#words = [];
    this.#light(-1);
  }

  /** @param {string} [fault] */
  #offer(fault = "") {
    const load = h(
      "button",
      { type: "button", class: "button", on: { click: () => this.#load() } },
      icon("eye"),
      "Show where it looked",
    );
    fill(this.body, load, fault && h("p", { class: "fault", role: "alert" }, fault));
    return load;
  }

  async #load() {
    const request = new AbortController();
    this.#request = request;
    fill(this.body, h("p", { class: "quiet", role: "status" }, "The model looks again…"));
    this.body.tabIndex = -1;
    this.body.focus({ preventScroll: true });
    try {
      const path = pathOf("/api/attention/", this.name);
      const { data } = await call("GET", path, { signal: request.signal });
      if (request.signal.aborted) return;
      this.#explain(data);
    } catch (fault) {
      if (request.signal.aborted) return;
      if (!(fault instanceof ProblemError)) throw fault;
      this.#offer(fault.detail).focus({ preventScroll: true });
    }
  }

  /** @param {{side: number, words: Word[]}} told */
  #explain({ side, words }) {
    this.#side = side;
    this.#words = words;
    this.#pressed = -1;
    this.#buttons = words.map((each, at) => this.#wordButton(each, at));
    this.place = h("p", { class: "place small quiet" });
    this.play = h(
      "button",
      { type: "button", class: "button", on: { click: () => this.#toggle() } },
      "Play",
    );
    fill(
      this.body,
      h(
        "div",
        { class: "words", role: "group", "aria-label": "Words of the caption" },
        this.#buttons,
      ),
      this.place,
      this.play,
    );
    this.#light(-1);
    this.#buttons[0]?.focus({ preventScroll: true });
    this.#pick(0);
  }

  /**
   * @param {Word} word
   * @param {number} at
   */
  #wordButton({ word, place }, at) {
    const id = `looked-${at}`;
    const look = () => this.#playing === undefined && this.#light(at);
    const back = () => this.#playing === undefined && this.#light(this.#pressed);
    return h(
      "button",
      {
        type: "button",
        class: "chip word",
        "aria-pressed": "false",
        "aria-describedby": id,
        on: {
          click: () => this.#pick(this.#pressed === at ? -1 : at),
          pointerenter: look,
          pointerleave: back,
          focus: look,
          blur: back,
        },
      },
      h("bdi", word),
      h("span", { id, hidden: true }, `mostly ${place}`),
    );
  }

  /** @param {number} at */
  #pick(at) {
    this.#stop();
    this.#press(at);
  }

  /** @param {number} at -1 for none */
  #press(at) {
    this.#pressed = at;
    for (const [other, each] of this.#buttons.entries()) {
      each.setAttribute("aria-pressed", String(other === at));
    }
    this.#light(at);
  }

  /** @param {number} at -1 to show the whole picture */
  #light(at) {
    const word = this.#words[at];
    this.overlay.classList.toggle("shown", word !== undefined);
    if (word) drawLight(this.overlay, word.attention, this.#side);
    if (!this.place) return;
    if (word) fill(this.place, "For “", h("bdi", word.word), `”: mostly ${word.place}.`);
    else fill(this.place, "Choose a word to see where the model looked for it.");
  }

  #toggle() {
    if (this.#playing !== undefined) {
      this.#stop();
      return;
    }
    let at = -1;
    const step = () => {
      at += 1;
      if (at < this.#words.length) this.#press(at);
      else this.#pick(-1);
    };
    this.#playing = setInterval(step, STEP_MS);
    if (this.play) fill(this.play, "Stop");
    announce(this.#words.map(({ word, place }) => `${word}: ${place}`).join(". "));
    step();
  }

  #stop() {
    clearInterval(this.#playing);
    this.#playing = undefined;
    if (this.play) fill(this.play, "Play");
  }
}
