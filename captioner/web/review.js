// @ts-check
/** The review queue: one picture at a time, until a person stands behind every text. */

import { announce, fill, h, icon } from "./dom.js";
import { Panel } from "./panel.js";
import { picture } from "./pictures.js";
import { Queue } from "./queue.js";
import { isShortcut } from "./shortcuts.js";
import { go, link } from "./state.js";
import { isPending } from "./telling.js";
import { count, counted, cutName, sentence } from "./words.js";

/**
 * Open the review queue.
 *
 * @param {HTMLElement} root
 * @param {import("./state.js").State} state
 */
export function open(root, state) {
  const review = new Review(root, state.prefix);
  review.begin(state.image);
  return review;
}

class Review {
  /** @type {Panel | null} */
  panel = null;
  name = "";
  /** Where in the queue, and which way it came there. */
  at = 0;
  way = 1;
  #closed = false;

  /**
   * @param {HTMLElement} root
   * @param {string} prefix
   */
  constructor(root, prefix) {
    this.queue = new Queue(prefix);
    this.title = h("h1", { tabindex: "-1" }, "Review queue");
    this.file = h("h2", { class: "file quiet", hidden: true });
    this.progress = h("progress", { "aria-label": "Review", max: "1", value: "0" });
    this.body = h("div", { class: "body" });
    this.ahead = h("div", { class: "ahead", "aria-hidden": "true" });
    this.approving = button("Approve", "a", () => this.approve(), "primary", "approve");
    // The editor says it to screen readers; eyes may have it far above or below.
    this.proposed = h("p", { class: "proposed", dir: "auto", "aria-hidden": "true" });
    this.bar = h(
      "div",
      { class: "moves", role: "group", "aria-label": "This picture", hidden: true },
      this.proposed,
      button("Previous", "k", () => this.step(-1), "", "left"),
      this.approving,
      button("Edit", "e", () => this.panel?.editor.focus(), "", "edit"),
      button("Skip", "j", () => this.step(1), "", "right"),
    );
    this.element = h(
      "div",
      { class: "review" },
      h("header", this.title, this.file, this.progress),
      this.body,
      this.bar,
      this.ahead,
    );
    root.append(this.element);
    this.key = (/** @type {KeyboardEvent} */ event) => this.#key(event);
    document.addEventListener("keydown", this.key);
  }

  /** @param {string} name "" to begin with the least sure */
  async begin(name) {
    fill(
      this.body,
      h("p", { class: "empty quiet", role: "status" }, "Looking for what to review…"),
    );
    try {
      await this.queue.reach(0);
    } catch (fault) {
      const again = {
        type: "button",
        class: "button",
        on: { click: () => this.begin(name) },
      };
      fill(
        this.body,
        h(
          "div",
          { class: "empty", role: "alert" },
          h("p", sentence(fault)),
          h("button", again, icon("retry"), "Try again"),
        ),
      );
      return;
    }
    if (this.#closed) return;
    this.#show(name ? this.queue.placeOf(name) : 0);
  }

  /** @param {import("./state.js").State} state */
  update(state) {
    if (!state.image || state.image === this.name) return;
    this.#show(this.queue.placeOf(state.image));
  }

  close() {
    this.#closed = true;
    document.removeEventListener("keydown", this.key);
    this.panel?.close();
    this.element.remove();
  }

  async approve() {
    const { panel } = this;
    if (!panel?.record) return;
    const { editor } = panel;
    if (!editor.isDirty && !editor.isPending) this.#go(1);
    else if (await editor.approve()) this.#go(1);
  }

  /** @param {1 | -1} way */
  async step(way) {
    if (this.panel && !(await this.panel.editor.mayLeave())) return;
    if (way < 0 && this.at === 0) announce("This is the first one.");
    else this.#go(way);
  }

  /** @param {1 | -1} way */
  #go(way) {
    this.way = way;
    this.#show(this.at + way);
  }

  /** @param {number} at */
  #show(at) {
    const inside = this.body.contains(document.activeElement);
    this.at = at;
    this.panel?.close();
    this.panel = null;
    const image = this.queue.images[at];
    this.bar.hidden = image === undefined;
    this.name = image?.name ?? "";
    go({ image: this.name }, { replace: true });
    if (image === undefined) return this.#end();

    let first = true;
    this.panel = new Panel(image.name, {
      next: () => this.#go(1),
      shown: (record) => {
        fill(this.proposed, record.alt_text?.text);
        this.#note(record, first);
        first = false;
      },
      missing: () => first && this.#pass("is gone"),
    });
    fill(this.body, this.panel.element);
    fill(this.proposed);
    this.#tell();
    if (inside) this.title.focus();
    window.scrollTo({ top: 0 });
    announce(`${count(at + 1)} of ${count(this.queue.total)}: ${cutName(image.name)[1]}`);
    this.#lookAhead();
  }

  /**
   * Take note of how the image stands; one that somebody else has reviewed meanwhile is passed.
   *
   * @param {any} record
   * @param {boolean} first whether it was opened just now
   */
  #note(record, first) {
    if (isPending(record.alt_text)) return;
    const known = this.queue.done.has(this.name);
    this.queue.done.add(this.name);
    this.#tell();
    if (first && !known && this.way > 0 && !this.panel?.editor.isDirty) {
      this.#pass("was reviewed by somebody else meanwhile");
    }
  }

  /** @param {string} why */
  #pass(why) {
    const passed = this.name;
    this.queue.done.add(passed);
    queueMicrotask(() => {
      if (this.#closed || this.name !== passed) return;
      this.#go(1);
      announce(`${cutName(passed)[1]} ${why}.`);
    });
  }

  #tell() {
    const { total, done } = this.queue;
    fill(this.title, `${count(this.at + 1)} of ${count(total)} to review`);
    fill(this.file, h("bdi", this.name));
    this.file.hidden = false;
    this.progress.max = total;
    this.progress.value = Math.min(done.size, total);
    this.progress.setAttribute("aria-valuetext", `${count(done.size)} reviewed`);
  }

  async #lookAhead() {
    const { at } = this;
    try {
      await this.queue.reach(at);
    } catch {
      return; // it is tried again at the next picture
    }
    if (this.#closed || this.at !== at) return;
    this.#tell();
    const next = this.queue.images[at + 1];
    fill(this.ahead, next && picture(next, "large"));
  }

  #end() {
    const { skipped, total } = this.queue;
    const wait = skipped === 1 ? "waits" : "wait";
    const left = skipped > 0 && `${counted(skipped, "picture")} that you skipped still ${wait}.`;
    const again = { class: "button", type: "button", on: { click: () => this.#again() } };
    fill(this.title, "Review queue");
    this.file.hidden = true;
    this.progress.value = this.progress.max;
    const said =
      total === 0 ? "There is nothing to review." : "You have come to the end of the queue.";
    fill(
      this.body,
      h(
        "div",
        { class: "empty" },
        icon("approve"),
        h("h2", { tabindex: "-1" }, said),
        left && h("p", left),
        h(
          "div",
          { class: "actions" },
          left && h("button", again, icon("retry"), "Look at them again"),
          h(
            "a",
            { class: "button primary", href: link({ view: "", image: "" }) },
            icon("wall"),
            "To the wall",
          ),
        ),
      ),
    );
    this.body.querySelector("h2")?.focus();
    announce([said, left].filter(Boolean).join(" "));
  }

  #again() {
    this.queue = new Queue(this.queue.prefix);
    this.way = 1;
    this.begin("");
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!isShortcut(event) || event.shiftKey || document.querySelector("dialog:modal")) return;
    if (event.key === "ArrowRight" || event.key === "j") this.step(1);
    else if (event.key === "ArrowLeft" || event.key === "k") this.step(-1);
    else if (event.key === "a") this.approve();
    else if (event.key === "e") this.panel?.editor.focus();
    else return;
    event.preventDefault();
  }
}

/**
 * @param {string} words
 * @param {string} key
 * @param {() => void} deed
 * @param {string} kind
 * @param {"left" | "right" | "approve" | "edit"} drawing
 */
function button(words, key, deed, kind, drawing) {
  return h(
    "button",
    {
      type: "button",
      class: `button ${kind}`,
      "aria-keyshortcuts": key,
      title: `${words} (${key})`,
      on: { click: deed },
    },
    icon(drawing),
    words,
  );
}
