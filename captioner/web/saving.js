// @ts-check
/** Publishing an alt text so that two people never overwrite each other without knowing. */

import { call, ProblemError, pathOf } from "./api.js";

const TRIES = 4;

/**
 * @typedef {{record: any, etag: string}} Version
 * @typedef {{saved: Version} | {conflict: Version}} Outcome
 */

/**
 * Publish a text over the version that it was written over, or hand the text back with `null`.
 *
 * Where only the machines' part has changed since, that is no conflict: it is tried again over the
 * version that stands now. Throws `ProblemError` for all but a conflict.
 *
 * @param {string} name
 * @param {string | null} text
 * @param {Version} over
 * @returns {Promise<Outcome>}
 */
export async function save(name, text, over) {
  const path = pathOf("/api/alt-text/", name);
  let { etag } = over;
  for (let tries = 1; ; tries += 1) {
    try {
      const { data, etag: given } =
        text === null
          ? await call("DELETE", path, { ifMatch: etag })
          : await call("PUT", path, { json: { text }, ifMatch: etag });
      return { saved: { record: data, etag: given ?? "*" } };
    } catch (fault) {
      if (!(fault instanceof ProblemError) || fault.code !== "edit_conflict") throw fault;
      const present = await call("GET", pathOf("/api/captions/", name));
      const now = { record: present.data, etag: present.etag ?? "*" };
      if (tries === TRIES || !isSameToPeople(over.record, now.record)) return { conflict: now };
      etag = now.etag;
    }
  }
}

/**
 * Whether two versions of a record differ in nothing that a person decided on or looked at.
 *
 * @param {any} record
 * @param {any} other
 */
export function isSameToPeople(record, other) {
  return sameText(record.alt_text, other.alt_text) && !isReplaced(record, other);
}

/**
 * @param {any} record
 * @param {any} other
 */
export function isReplaced(record, other) {
  return record.image.sha256 !== other.image.sha256;
}

/**
 * @param {any} text
 * @param {any} other
 */
function sameText(text, other) {
  if (text === null || other === null) return text === other;
  const stale = Boolean(text.stale) === Boolean(other.stale);
  return text.text === other.text && text.status === other.status && stale;
}
