// @ts-check
/** What one view has done to an image, for the others to hear. */

/**
 * @typedef {(record: any, etag: string | null) => void} ChangeListener
 * @typedef {(name: string) => void} RemovalListener
 */

/** @type {Set<ChangeListener>} */
const changes = new Set();
/** @type {Set<RemovalListener>} */
const removals = new Set();

/**
 * Tell that an image's record is now another.
 *
 * @param {any} record
 * @param {string | null} etag the sidecar's
 */
export function changed(record, etag) {
  for (const each of [...changes]) each(record, etag);
}

/**
 * Tell that an image is gone.
 *
 * @param {string} name
 */
export function removed(name) {
  for (const each of [...removals]) each(name);
}

/**
 * @param {ChangeListener} listener
 * @returns {() => void} to hear no more
 */
export function onChanged(listener) {
  changes.add(listener);
  return () => changes.delete(listener);
}

/**
 * @param {RemovalListener} listener
 * @returns {() => void} to hear no more
 */
export function onRemoved(listener) {
  removals.add(listener);
  return () => removals.delete(listener);
}
