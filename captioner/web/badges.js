// @ts-check
/** How an image stands, as a word with an icon beside it. */

import { h, icon } from "./dom.js";

/** @type {Object<string, [keyof typeof import("./icons.js").ICONS, string]>} */
const STATUSES = {
  stale: ["stale", "Stale"],
  approved: ["approve", "Approved"],
  edited: ["edit", "Edited"],
  machine: ["machine", "Machine"],
  none: ["none", "No text"],
  waiting: ["wait", "Waiting"],
};

/**
 * Give the status of an alt text (an entry's or a record's) as this page tells it.
 *
 * @param {{status: string, stale?: boolean} | null | undefined} altText
 */
export function statusOf(altText) {
  if (!altText) return "none";
  return altText.stale ? "stale" : altText.status;
}

/**
 * Tell whether our model doubts what it sees in a picture that no person has decided on.
 *
 * @param {any} image its record, or its entry in a list
 */
export const isUnsure = (image) =>
  image?.needs_review === true && image.alt_text?.status === "machine";

/**
 * Name a status.
 *
 * @param {string} status
 */
export const statusName = (status) => STATUSES[status]?.[1] ?? status;

/**
 * Make the badge of a status that `statusOf` gave.
 *
 * @param {string} status
 */
export function badge(status) {
  const [drawing, word] = STATUSES[status] ?? ["help", status];
  return h("span", { class: "badge", "data-status": status }, icon(drawing), word);
}
