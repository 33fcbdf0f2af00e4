// @ts-check
/** Images that this page has uploaded and that the collection has no captions of yet. */

import { filtersOf, PAGE_SIZE } from "./filters.js";

/**
 * @typedef {{name: string, version: string, width: number, height: number}} Uploaded
 * @typedef {Uploaded & {at: number}} Arrival
 */

/** After as long, captions should be there. */
export const LATE_MS = 60_000;

/** The latest last. @type {Map<string, Arrival>} */
const arrivals = new Map();
/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Tell of an image that the app has taken.
 *
 * @param {Uploaded} uploaded
 */
export function arrived(uploaded) {
  arrivals.delete(uploaded.name);
  arrivals.set(uploaded.name, { ...uploaded, at: Date.now() });
  for (const each of [...listeners]) each();
}

/**
 * Tell what the collection knows of an image; give whether its captions are still awaited.
 *
 * @param {{name: string, version?: string}} entry
 */
export function isAwaited(entry) {
  const arrival = arrivals.get(entry.name);
  if (!arrival) return false;
  if (entry.version && entry.version !== arrival.version) return true;
  arrivals.delete(entry.name);
  return false;
}

/**
 * Await an image no more.
 *
 * @param {string} name
 */
export function leave(name) {
  arrivals.delete(name);
}

/**
 * Give those that are awaited and not in a listing yet, the latest first, where they would be seen.
 *
 * @param {import("./state.js").State} state what the wall shows
 * @param {any[]} images of the listing
 * @returns {import("./cards.js").Shown[]}
 */
export function awaitedOn(state, images) {
  const { prefix, page } = state;
  if (page > 1 || Object.keys(filtersOf({ ...state, prefix: "" })).length) return [];
  const listed = new Set(images.map(({ name }) => name));
  return [...arrivals.values()]
    .reverse()
    .filter(({ name }) => name.startsWith(prefix) && !listed.has(name))
    .slice(0, PAGE_SIZE)
    .map(({ at, ...entry }) => ({ entry, waiting: true, late: Date.now() - at >= LATE_MS }));
}

/**
 * @param {() => void} listener
 * @returns {() => void} to hear no more
 */
export function onArrival(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
