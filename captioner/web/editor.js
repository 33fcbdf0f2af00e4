// @ts-check
/** The editor of the one text that is published with an image. */

import { ProblemError } from "./api.js";
import { isUnsure } from "./badges.js";
import { chosen } from "./dialogs.js";
import { announce, fill, h, icon } from "./dom.js";
import { draftOf, dropDraft, keepDraft } from "./drafts.js";
import { editorParts } from "./editorparts.js";
import { changed } from "./events.js";
import { judge, MOST, tidy, WANTED } from "./guidance.js";
import { mergePanel } from "./merging.js";
import { isReplaced, isSameToPeople, save } from "./saving.js";
import { isPending, standing } from "./telling.js";

/**
 * @typedef {import("./saving.js").Version} Version
 *
 * @typedef {object} Ways
 * @property {() => void} [next] goes on to the next image; absent where nothing follows
 */

export class Editor {
  /** What the text in the field is written over. @type {Version | null} */
  #over = null;
  /** Typed text that gave way to another, so that it can be had back. @type {string | null} */
  #aside = null;
  #conflicting = false;
  #busy = false;

  /**
   * @param {string} name the image's
   * @param {Ways} [ways]
   */
  constructor(name, ways = {}) {
    this.name = name;
    this.ways = ways;
    this.parts = editorParts({
      typed: () => this.#typed(),
      publish: () => this.publish(),
      publishAndNext: () => this.publishAndNext(),
      approve: () => this.approve(),
      handBack: () => this.handBack(),
      undo: () => this.undo(),
      bringBack: () => this.#bringBack(),
    });
    this.parts.publishAndNext.hidden = !ways.next;
    this.element = this.parts.form;
    this.leaving = (/** @type {BeforeUnloadEvent} */ event) =>
      this.isDirty && event.preventDefault();
    addEventListener("beforeunload", this.leaving);
  }

  /** Whether the field holds a text that is not published. */
  get isDirty() {
    return this.#over !== null && tidy(this.parts.field.value) !== this.#published;
  }

  /** Whether no person stands behind the text of this picture yet. */
  get isPending() {
    return this.#over !== null && isPending(this.#over.record.alt_text);
  }

  get #published() {
    return this.#over?.record.alt_text?.text ?? "";
  }

  /**
   * Take a version of the record; what is typed stays.
   *
   * @param {Version} version
   */
  show(version) {
    if (this.#busy) return;
    const { field } = this.parts;
    const before = this.#over;
    const typed = field.value;
    const wasDirty = this.isDirty;
    this.#over = version;
    if (before === null) {
      field.disabled = false;
      field.value = this.#published;
      this.#restoreDraft();
    } else if (!wasDirty) {
      if (tidy(typed) !== this.#published) field.value = this.#published;
    } else if (!this.isDirty) {
      this.#settled();
    } else if (!isSameToPeople(before.record, version.record)) {
      this.#conflict(before, version);
    }
    this.#draw();
  }

  /**
   * Put a text into the field, to be published or changed first.
   *
   * @param {string} text
   */
  put(text) {
    if (this.isDirty) this.#aside = this.parts.field.value;
    this.parts.field.value = text;
    this.#typed();
    this.focus();
    announce("The text is in the editor. Publish it, or change it first.");
  }

  focus() {
    const { field } = this.parts;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }

  /** Publish what is in the field; `false` where it was not. */
  publish() {
    const text = tidy(this.parts.field.value);
    const { reason } = judge(text);
    if (reason) return this.#refuse(reason);
    if (!this.isDirty && !this.isPending) return this.#refuse("This text is published already.");
    return this.#save(text, this.isDirty ? "Published." : "Approved.");
  }

  /** Publish, or approve what stands, and go on to the next image. */
  async publishAndNext() {
    const { next } = this.ways;
    const done = this.isDirty || this.isPending ? await this.publish() : true;
    if (done) next?.();
  }

  /** Approve the text that stands, as it is; `false` where it was not. */
  approve() {
    if (this.isDirty)
      return this.#refuse("You changed the text. Publish it, or undo your changes.");
    if (!this.#published) return this.#refuse("There is no text to approve. Write one.");
    if (!this.isPending) return this.#refuse("A person stands behind this text already.");
    return this.#save(this.#published, "Approved.");
  }

  /**
   * Publish an earlier text; what is typed stays in the field.
   *
   * @param {string} text
   */
  restore(text) {
    return this.#save(text, "Restored.", { keepTyped: this.isDirty });
  }

  handBack() {
    if (this.isDirty)
      return this.#refuse("You changed the text. Publish it, or undo your changes.");
    return this.#save(null, "Handed back. The captioners choose the text again.");
  }

  undo() {
    this.#aside = this.parts.field.value;
    this.parts.field.value = this.#published;
    this.#settled();
    this.#typed();
    this.focus();
    announce("Your changes are undone.");
  }

  /** Ask about text that is not published, where there is any; tells whether to go on. */
  async mayLeave() {
    if (!this.isDirty) return true;
    const choice = await chosen({
      title: "Your text is not published",
      text: h("p", "It can wait for you here as a draft, until you close this tab."),
      answers: [
        { value: "stay", words: "Stay here", kind: "primary" },
        { value: "keep", words: "Leave and keep the draft" },
        { value: "drop", words: "Leave without it", kind: "danger" },
      ],
    });
    if (choice === "drop") dropDraft(this.name);
    if (choice === "drop" || choice === "keep") return true;
    this.focus();
    return false;
  }

  close() {
    removeEventListener("beforeunload", this.leaving);
  }

  /**
   * @param {string | null} text `null` hands it back
   * @param {string} done what to say then
   * @param {{keepTyped?: boolean}} [options]
   */
  async #save(text, done, { keepTyped = false } = {}) {
    if (this.#over === null || this.#busy) return false;
    const over = this.#over;
    const typed = this.parts.field.value;
    this.#setBusy(true);
    try {
      const outcome = await save(this.name, text, over);
      this.#busy = false;
      if ("conflict" in outcome) {
        this.#over = outcome.conflict;
        if (!this.isDirty && !isReplaced(over.record, outcome.conflict.record)) this.#settled();
        else this.#conflict(over, outcome.conflict);
        changed(outcome.conflict.record, outcome.conflict.etag);
        return false;
      }
      this.#over = outcome.saved;
      // What was typed while the request was under way is not what was published.
      const later = this.parts.field.value !== typed;
      if (!keepTyped && !later) {
        this.parts.field.value = this.#published;
        this.#settled();
        this.#aside = null;
      }
      this.#say(done);
      changed(outcome.saved.record, outcome.saved.etag);
      return true;
    } catch (fault) {
      if (!(fault instanceof ProblemError)) throw fault;
      if (fault.code !== "record_not_found") return this.#refuse(fault.detail);
      return this.#refuse("The picture was deleted. Your text stays here as a draft.");
    } finally {
      this.#setBusy(false);
    }
  }

  /**
   * @param {Version} before
   * @param {Version} now
   */
  #conflict(before, now) {
    this.#conflicting = true;
    const mine = tidy(this.parts.field.value);
    const theirs = now.record.alt_text;
    const panel = mergePanel(
      { theirs, mine, replaced: isReplaced(before.record, now.record) },
      {
        keepTheirs: () => this.undo(),
        useMine: () => this.publish(),
        edit: () => this.focus(),
      },
    );
    fill(this.parts.merge, panel);
    announce(`${panel.querySelector("h4")?.textContent}. Both texts are shown below the field.`);
  }

  /** Nothing typed is left to decide on. */
  #settled() {
    this.#conflicting = false;
    fill(this.parts.merge);
    dropDraft(this.name);
  }

  #restoreDraft() {
    const draft = draftOf(this.name);
    if (draft === null || tidy(draft.text) === this.#published) return;
    this.parts.field.value = draft.text;
    this.#say("The text that you typed before is back. It is not published.");
    const over = this.#over;
    if (over && draft.over && !isSameToPeople(draft.over, over.record)) {
      this.#conflict({ record: draft.over, etag: "" }, over);
    }
  }

  #typed() {
    const over = this.#over?.record;
    if (this.isDirty && over) {
      const { alt_text, image } = over;
      keepDraft(this.name, {
        text: this.parts.field.value,
        over: { alt_text, image: { sha256: image.sha256 } },
      });
    } else {
      dropDraft(this.name);
    }
    this.#say("");
    this.#draw();
  }

  /** @param {boolean} busy */
  #setBusy(busy) {
    this.#busy = busy;
    this.element.setAttribute("aria-busy", String(busy));
    this.#draw();
  }

  /**
   * @param {string} reason
   * @returns {Promise<false>}
   */
  #refuse(reason) {
    fill(this.parts.said);
    fill(this.parts.fault, reason);
    return Promise.resolve(false);
  }

  /** @param {string} text */
  #say(text) {
    fill(this.parts.fault);
    fill(this.parts.said, text && [icon("approve"), text]);
    if (text) announce(text);
  }

  #draw() {
    const { field, count, gauge, guide, hints, publish, approve, handBack, undo } = this.parts;
    const altText = this.#over?.record.alt_text ?? null;
    const { length, level, reason, hints: told } = judge(field.value);
    const dirty = this.isDirty;
    const pending = this.isPending;

    field.lang = dirty ? "" : (altText?.language ?? "");
    this.element.dataset.level = level;
    gauge.style.setProperty("--filled", String(Math.min(1, length / MOST)));
    fill(count, `${length} of ${MOST}`);
    fill(guide, reason || guideTo(level));
    fill(
      hints,
      told.map((each) => h("li", null, each)),
    );
    hints.hidden = told.length === 0;
    fill(this.parts.standing, standing(altText));
    this.parts.stale.hidden = altText?.stale !== true;
    this.parts.unsure.hidden = dirty || !isUnsure(this.#over?.record);

    disable(publish, this.#busy || Boolean(reason) || (!dirty && !pending));
    publish.classList.toggle("primary", dirty);
    this.parts.publishAndNext.hidden = !this.ways.next || !dirty;
    disable(this.parts.publishAndNext, this.#busy || Boolean(reason));
    approve.hidden = !pending;
    disable(approve, this.#busy || dirty || !altText);
    approve.classList.toggle("primary", !dirty);
    fill(approve, icon("approve"), altText?.stale ? "Approve again" : "Approve as it is");
    handBack.hidden = altText === null || altText.status === "machine";
    disable(handBack, this.#busy || dirty);
    undo.hidden = !dirty;
    const aside = this.#aside !== null && tidy(this.#aside) !== tidy(field.value);
    this.parts.aside.hidden = !aside || this.#conflicting;
  }

  /** Put back the typed text that gave way. */
  #bringBack() {
    const text = this.#aside;
    if (text === null) return;
    this.#aside = null;
    this.parts.field.value = text;
    this.#typed();
    this.focus();
  }
}

/**
 * @param {"good" | "long" | "bad"} level
 */
function guideTo(level) {
  if (level === "long") return "Longer than most people who use screen readers want.";
  return `A good length: up to ${WANTED}.`;
}

/**
 * Disable a button that keeps the focus, so that nobody is thrown to the top of the page.
 *
 * @param {HTMLButtonElement} button
 * @param {boolean} disabled
 */
function disable(button, disabled) {
  button.setAttribute("aria-disabled", String(disabled));
}
