// @ts-check
/** Texts that are typed and not published, kept until the tab is closed. */

const PREFIX = "captioner.draft.";

/**
 * @typedef {object} Draft
 * @property {string} text as it was typed
 * @property {{alt_text: any, image: {sha256?: string}}} over of the record, what it was written over
 */

/**
 * @param {string} name
 * @returns {Draft | null}
 */
export function draftOf(name) {
  try {
    return JSON.parse(sessionStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {Draft} draft
 */
export function keepDraft(name, draft) {
  try {
    sessionStorage.setItem(PREFIX + name, JSON.stringify(draft));
  } catch {
    // Storage that is full or forbidden costs only the copy: the text stays in its field.
  }
}

/** @param {string} name */
export function dropDraft(name) {
  sessionStorage.removeItem(PREFIX + name);
}
