// @ts-check
/** One image, opened over the wall. */

import { call, ProblemError, pathOf } from "./api.js";
import { confirmed } from "./dialogs.js";
import { announce, fill, h, icon } from "./dom.js";
import { onRemoved, removed } from "./events.js";
import { open as openExport } from "./exporting.js";
import { isEnd, onArranged, placeOf, stepFrom } from "./order.js";
import { Panel, saveOriginal } from "./panel.js";
import { isShortcut, showShortcuts } from "./shortcuts.js";
import { go } from "./state.js";
import { count, cutName } from "./words.js";

/**
 * Open the detail view.
 *
 * @param {HTMLElement} root
 * @param {import("./state.js").State} state
 */
export function open(root, state) {
  const detail = new Detail(root);
  detail.update(state);
  return detail;
}

class Detail {
  name = "";
  /** @type {Panel | null} */
  panel = null;
  #closing = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.title = h("h2", { id: "detail-title", tabindex: "-1" });
    this.folder = h("p", { class: "folder small quiet" });
    this.place = h("span", { class: "place small quiet" });
    this.fault = h("p", { class: "fault", role: "alert" });
    this.previous = iconButton("left", "Previous picture", () => this.#step("previous"));
    this.next = iconButton("right", "Next picture", () => this.#step("next"));
    this.body = h("div", { class: "body" });
    this.dialog = h(
      "dialog",
      { class: "detail", "aria-labelledby": "detail-title" },
      h(
        "header",
        h("div", { class: "names" }, this.folder, this.title),
        h(
          "div",
          { class: "steps" },
          this.place,
          this.previous,
          this.next,
          iconButton("close", "Close", () => this.#leave(() => go({ image: "" }))),
        ),
      ),
      this.fault,
      this.body,
      h(
        "footer",
        button("download", "Save the original", () => this.#saveOriginal()),
        button("download", "Export", () => openExport({ names: [this.name] })),
        button("trash", "Delete", () => this.#delete(), "danger"),
      ),
    );
    this.dialog.addEventListener("keydown", (event) => this.#key(event));
    this.dialog.addEventListener("cancel", (event) => {
      if (event.target !== this.dialog) return;
      event.preventDefault();
      this.#leave(() => go({ image: "" }));
    });
    // A browser may close a dialog whatever the page says; the typed text is kept as a draft.
    this.dialog.addEventListener("close", () => this.#closing || go({ image: "" }));
    const stops = [
      onRemoved((name) => name === this.name && go({ image: "" })),
      onArranged(() => this.#tell()),
    ];
    this.deaf = () => {
      for (const stop of stops) stop();
    };
    root.append(this.dialog);
    this.dialog.showModal();
  }

  /** @param {import("./state.js").State} state */
  update(state) {
    if (state.image === this.name) return;
    const first = this.name === "";
    this.name = state.image;
    this.panel?.close();
    const [folder, file] = cutName(this.name);
    fill(this.folder, h("bdi", folder));
    fill(this.title, h("bdi", file));
    fill(this.fault);
    this.panel = new Panel(this.name, { next: () => this.#step("next") });
    fill(this.body, this.panel.element);
    this.#tell();
    this.dialog.scrollTop = 0;
    this.title.focus();
    if (!first) announce(file);
  }

  close() {
    this.#closing = true;
    this.deaf();
    this.panel?.close();
    this.dialog.close();
    this.dialog.remove();
  }

  #tell() {
    const { place, of } = placeOf(this.name);
    fill(this.place, place > 0 && `${count(place)} of ${count(of)}`);
    this.previous.setAttribute("aria-disabled", String(isEnd(this.name, "previous")));
    this.next.setAttribute("aria-disabled", String(isEnd(this.name, "next")));
  }

  /** @param {"previous" | "next"} way */
  async #step(way) {
    const from = this.name;
    try {
      const there = await stepFrom(from, way);
      if (this.name !== from) return; // a step before this one has led on
      if (there) this.#leave(() => go(there, { replace: true }));
      else announce(way === "next" ? "This is the last one." : "This is the first one.");
    } catch (fault) {
      this.#tellFault(fault);
    }
  }

  /** @param {() => void} leave */
  async #leave(leave) {
    if (!this.panel || (await this.panel.editor.mayLeave())) leave();
  }

  async #saveOriginal() {
    try {
      fill(this.fault);
      await saveOriginal(this.name);
    } catch (fault) {
      this.#tellFault(fault);
    }
  }

  async #delete() {
    const { name } = this;
    const sure = await confirmed({
      title: "Delete this picture?",
      text: [
        h("p", h("bdi", name)),
        h(
          "p",
          "The image and its captions are deleted. What people wrote is kept, and comes back ",
          "if an image of this name lands here again.",
        ),
      ],
      action: "Delete",
      danger: true,
    });
    if (!sure) return;
    try {
      fill(this.fault);
      await call("DELETE", pathOf("/api/images/", name));
      announce("Deleted.");
      removed(name);
    } catch (fault) {
      this.#tellFault(fault);
    }
  }

  /** @param {unknown} fault */
  #tellFault(fault) {
    if (!(fault instanceof ProblemError)) throw fault;
    fill(this.fault, fault.detail);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!isShortcut(event) || event.shiftKey !== (event.key === "?")) return;
    if (event.key === "ArrowRight" || event.key === "j") this.#step("next");
    else if (event.key === "ArrowLeft" || event.key === "k") this.#step("previous");
    else if (event.key === "e") this.panel?.editor.focus();
    else if (event.key === "a") this.panel?.editor.approve();
    else if (event.key === "?") showShortcuts();
    else return;
    event.preventDefault();
  }
}

/**
 * @param {"left" | "right" | "close"} drawing
 * @param {string} words
 * @param {() => void} deed
 */
function iconButton(drawing, words, deed) {
  return h(
    "button",
    {
      type: "button",
      class: "button plain icon-only",
      "aria-label": words,
      title: words,
      on: { click: deed },
    },
    icon(drawing),
  );
}

/**
 * @param {"download" | "trash"} drawing
 * @param {string} words
 * @param {() => void} deed
 * @param {string} [kind]
 */
function button(drawing, words, deed, kind = "") {
  const name = `button ${kind}`;
  return h("button", { type: "button", class: name, on: { click: deed } }, icon(drawing), words);
}
