// @ts-check
/** The pictures that are ticked, and what can be done with all of them. */

import { approveAll, deleteAll } from "./bulk.js";
import { confirmed } from "./dialogs.js";
import { announce, fill, h, icon } from "./dom.js";
import { counted } from "./words.js";

export class Selection {
  /** @param {import("./grid.js").Grid} grid */
  constructor(grid) {
    this.grid = grid;
    /** @type {Set<string>} */
    this.names = new Set();
    /** @type {string[]} */
    this.shown = [];
    this.everything = h("input", {
      type: "checkbox",
      on: { change: () => this.#selectShown(this.everything.checked) },
    });
    this.all = h("label", { class: "check" }, this.everything, "Select all shown");
    this.told = h("p", { class: "told" });
    this.buttons = h(
      "div",
      { class: "actions" },
      button("approve", "Approve", () => this.#approve()),
      button("download", "Export", () => this.#export()),
      button("trash", "Delete", () => this.#delete(), "danger"),
      button("close", "Clear selection", () => this.#clear(), "plain"),
    );
    this.progress = h("progress", { "aria-label": "Progress", hidden: true });
    this.element = h(
      "section",
      { class: "selection", "aria-label": "Selection", hidden: true },
      this.told,
      this.progress,
      this.buttons,
    );
  }

  /**
   * Tick a picture, or take its tick away.
   *
   * @param {string} name
   * @param {boolean} selected
   */
  set(name, selected) {
    if (selected) this.names.add(name);
    else this.names.delete(name);
    this.#update();
  }

  /** @param {string[]} names of the pictures that the wall shows now */
  shows(names) {
    this.shown = names;
    this.all.hidden = names.length === 0;
    this.#update();
  }

  /** @param {boolean} selected */
  #selectShown(selected) {
    for (const each of this.shown) {
      if (selected) this.names.add(each);
      else this.names.delete(each);
    }
    this.#update();
    announce(`${counted(this.names.size, "picture")} selected.`);
  }

  #clear() {
    this.names.clear();
    this.#update();
    this.everything.focus();
  }

  #update() {
    const here = this.shown.filter((each) => this.names.has(each)).length;
    this.everything.checked = here > 0 && here === this.shown.length;
    this.everything.indeterminate = here > 0 && here < this.shown.length;
    this.grid.select(this.names);
    this.element.hidden = this.names.size === 0;
    const elsewhere = this.names.size - here;
    fill(
      this.told,
      h("strong", `${counted(this.names.size, "picture")} selected`),
      elsewhere > 0 && `, ${elsewhere} of them not shown here`,
    );
  }

  async #approve() {
    const names = [...this.names];
    const yes = await confirmed({
      title: `Approve ${counted(names.length, "text")}?`,
      text: "The alt texts are published as they stand, and no captioner changes them any more.",
      action: "Approve",
    });
    if (yes) await this.#run(names, approveAll, "approved");
  }

  async #delete() {
    const names = [...this.names];
    const yes = await confirmed({
      title: `Delete ${counted(names.length, "picture")}?`,
      text: [
        h("p", "The pictures, their captions and thumbnails are deleted for good."),
        h("p", "What people wrote is kept, and comes back when a picture of that name does."),
      ],
      action: "Delete",
      danger: true,
    });
    if (yes) await this.#run(names, deleteAll, "deleted");
  }

  async #export() {
    const { open } = await import("./exporting.js");
    open({ names: [...this.names] });
  }

  /**
   * Do the same with each, and say how it went; what failed stays ticked.
   *
   * @param {string[]} names
   * @param {import("./bulk.js").Doing} doing
   * @param {string} done
   */
  async #run(names, doing, done) {
    this.buttons.inert = true;
    this.progress.hidden = false;
    this.progress.max = names.length;
    let succeeded = 0;
    const faults = await doing(names, (name, fault, place) => {
      this.progress.value = place;
      if (fault) return;
      succeeded += 1;
      this.set(name, false);
    });
    this.buttons.inert = false;
    this.progress.hidden = true;
    const said = `${counted(succeeded, "picture")} ${done}.`;
    announce([said, ...faults].join(" "));
    if (!faults.length) return void (this.names.size || this.everything.focus());
    fill(
      this.told,
      h("p", said, ` ${counted(names.length - succeeded, "picture")} could not be ${done}:`),
      h(
        "ul",
        faults.map((each) => h("li", { class: "fault" }, each)),
      ),
    );
  }
}

/**
 * @param {keyof typeof import("./icons.js").ICONS} drawing
 * @param {string} words
 * @param {() => void} click
 * @param {string} [kind]
 */
function button(drawing, words, click, kind = "") {
  return h(
    "button",
    { class: `button ${kind}`, type: "button", on: { click } },
    icon(drawing),
    words,
  );
}
