// @ts-check
/** How uploads go: all told in one line, and by name those that are under way or went wrong. */

import { fill, h, icon } from "./dom.js";
import { Uploads } from "./uploading.js";
import { count, counted, cutName } from "./words.js";

/** @typedef {import("./uploading.js").Upload} Upload */

const MOST_ROWS = 50;
const DRAW_MS = 200;
/** @type {{[Each in import("./uploading.js").Stage]?: string}} */
const STAGES = { asking: "Waiting for your answer" };

export class Tray {
  constructor() {
    this.uploads = new Uploads(() => this.#soon(), askAbout);
    /** @type {string[]} */
    this.leftOut = [];
    this.drawing = false;
    /** @type {Map<Upload, Row>} */
    this.rows = new Map();
    this.title = h("h2");
    this.bar = h("progress", { "aria-label": "All uploads" });
    this.list = h("ul", { role: "list" });
    this.more = h("p", { class: "quiet small" });
    this.others = h("p", { class: "small" });
    this.stop = button("Cancel all", () => this.uploads.cancelAll());
    this.again = button("Try failed ones again", () => this.#retryAll());
    this.away = button("Close", () => this.#close());
    this.element = h(
      "section",
      { class: "tray", "aria-label": "Uploads" },
      this.title,
      this.bar,
      h("div", { class: "rows", tabindex: "0", role: "group", "aria-label": "Files" }, this.list),
      this.more,
      this.others,
      h("div", { class: "actions" }, this.again, this.stop, this.away),
    );
    addEventListener("beforeunload", (event) => {
      if (this.uploads.isBusy) event.preventDefault();
    });
  }

  /**
   * @param {File} file
   * @param {string} name
   */
  add(file, name) {
    this.uploads.add(file, name);
  }

  /** @param {string} name of a file that is no picture */
  leaveOut(name) {
    this.leftOut.push(name);
    this.#soon();
  }

  #soon() {
    if (this.drawing) return;
    this.drawing = true;
    setTimeout(() => {
      this.drawing = false;
      this.#draw();
    }, DRAW_MS);
  }

  #draw() {
    const { all } = this.uploads;
    if (!all.length && !this.leftOut.length) return this.element.remove();
    if (!this.element.isConnected) {
      document.getElementById("notices")?.append(this.element);
      this.element.scrollIntoView({ block: "nearest" });
    }
    const of = (/** @type {string} */ stage) => all.filter((each) => each.stage === stage);
    const [done, failed] = [of("done"), of("failed")];
    const under = [...of("asking"), ...of("sending"), ...of("pausing")];
    const waiting = of("waiting").length;
    const over = all.length - under.length - waiting;
    const title = [
      `${count(done.length)} of ${counted(all.length, "picture")} uploaded`,
      failed.length && `${count(failed.length)} failed`,
      of("skipped").length && `${count(of("skipped").length)} skipped`,
      of("cancelled").length && `${count(of("cancelled").length)} cancelled`,
    ];
    fill(this.title, title.filter(Boolean).join(", "));
    this.bar.max = Math.max(1, all.length);
    const part = under.reduce((sum, { sent, file }) => sum + sent / Math.max(1, file.size), 0);
    this.bar.value = over + part * 0.95; // the app has yet to look at what was sent
    this.bar.hidden = all.length === 0;
    const shown = [...failed, ...under].slice(0, MOST_ROWS);
    this.#list(shown);
    const untold = failed.length + under.length - shown.length;
    fill(
      this.more,
      [
        untold > 0 && `${counted(untold, "more", "more")} like these.`,
        waiting > 0 && `${counted(waiting, "picture waits", "pictures wait")}.`,
      ]
        .filter(Boolean)
        .join(" "),
    );
    this.#tellLeftOut();
    const busy = under.length + waiting > 0;
    this.stop.hidden = !busy;
    this.away.hidden = busy;
    this.again.hidden = busy || !failed.length;
  }

  /** @param {Upload[]} shown */
  #list(shown) {
    const rows = new Map(shown.map((each) => [each, this.rows.get(each) ?? this.#row(each)]));
    for (const [upload, { element }] of this.rows) if (!rows.has(upload)) element.remove();
    this.rows = rows;
    let at = 0;
    for (const [upload, row] of rows) {
      row.update(upload);
      const present = this.list.children[at] ?? null;
      if (present !== row.element) this.list.insertBefore(row.element, present);
      at += 1;
    }
  }

  /** @param {Upload} upload */
  #row(upload) {
    return new Row(upload, {
      cancel: () => this.uploads.cancel(upload),
      retry: () => this.uploads.retry(upload),
    });
  }

  #tellLeftOut() {
    const names = this.leftOut.slice(0, 3).join(", ");
    const more = this.leftOut.length > 3 ? " and others" : "";
    fill(
      this.others,
      this.leftOut.length > 0 &&
        `Left out, as ${counted(this.leftOut.length, "file is", "files are")} no picture: ${names}${more}.`,
    );
  }

  #retryAll() {
    for (const each of this.uploads.all.filter(({ stage }) => stage === "failed")) {
      this.uploads.retry(each);
    }
  }

  #close() {
    this.leftOut = [];
    this.uploads.clear();
    document.getElementById("view")?.focus({ preventScroll: true });
  }
}

/** One file on its way. */
class Row {
  /**
   * @param {Upload} upload
   * @param {{cancel: () => void, retry: () => void}} doing
   */
  constructor(upload, { cancel, retry }) {
    this.bar = h("progress", { "aria-label": upload.name });
    this.told = h("p", { class: "small" });
    this.retry = iconButton("retry", `Try ${upload.name} again`, retry);
    this.cancel = iconButton("close", `Cancel ${upload.name}`, cancel);
    this.element = h(
      "li",
      h("p", { class: "file", title: upload.name }, h("bdi", cutName(upload.name)[1])),
      this.retry,
      this.cancel,
      this.bar,
      this.told,
    );
  }

  /** @param {Upload} upload */
  update({ stage, sent, file, told }) {
    const failed = stage === "failed";
    this.bar.max = Math.max(1, file.size);
    if (sent && sent >= file.size) this.bar.removeAttribute("value");
    else this.bar.value = sent;
    this.bar.hidden = failed;
    const again = stage === "pausing" && `${told} It is tried again by itself.`;
    this.told.textContent = failed ? told : again || (STAGES[stage] ?? "");
    this.told.className = failed ? "small fault" : "small quiet";
    this.retry.hidden = !failed;
    this.cancel.hidden = failed;
  }
}

/**
 * Ask what is to become of a file whose name is taken.
 *
 * @param {string} name
 * @param {boolean} more whether others may meet the same
 * @returns {Promise<{choice: import("./uploading.js").Choice, always: boolean}>}
 */
function askAbout(name, more) {
  const always = h("input", { type: "checkbox" });
  const answer = (/** @type {string} */ value, /** @type {string} */ words, kind = "") =>
    h("button", { class: `button ${kind}`, value }, words);
  const dialog = h(
    "dialog",
    { class: "sheet narrow", "aria-labelledby": "taken-title" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "taken-title" }, "There is a picture of that name"),
      h("p", h("strong", h("bdi", name)), " is in the collection already."),
      h(
        "p",
        { class: "quiet" },
        "If you replace it by another picture, what people wrote of it is kept and marked stale.",
      ),
      more && h("label", { class: "check" }, always, "Do the same for all others"),
      h(
        "div",
        { class: "actions" },
        answer("skip", "Skip"),
        answer("both", "Keep both"),
        answer("replace", "Replace", "primary"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      const choice = /** @type {any} */ (dialog.returnValue || "skip");
      resolve({ choice, always: always.checked });
    });
  });
}

/**
 * @param {string} words
 * @param {() => void} click
 */
const button = (words, click) =>
  h("button", { class: "button", type: "button", hidden: true, on: { click } }, words);

/**
 * @param {keyof typeof import("./icons.js").ICONS} drawing
 * @param {string} words
 * @param {() => void} click
 */
const iconButton = (drawing, words, click) =>
  h(
    "button",
    { class: "button plain icon-only", type: "button", "aria-label": words, on: { click } },
    icon(drawing),
  );
