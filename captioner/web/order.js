// @ts-check
/** The order in which the wall shows its images, for those who step through them. */

/**
 * @typedef {"previous" | "next"} Way
 * @typedef {{image: string, page?: number}} Place where a step leads, as changes of the address
 *
 * @typedef {object} Order
 * @property {string[]} names of the page of the wall that is shown
 * @property {number} before how many are on the pages before it
 * @property {number} total on all pages
 * @property {(way: Way) => Promise<Place | null>} beyond gives the nearest one on another page
 */

/** @type {Order} */
const NONE = { names: [], before: 0, total: 0, beyond: async () => null };
let order = NONE;
/** @type {Set<() => void>} */
const listeners = new Set();

/**
 * Tell the order; none where the wall is not shown.
 *
 * @param {Order} [told]
 */
export function arrange(told = NONE) {
  order = told;
  for (const each of [...listeners]) each();
}

/**
 * @param {() => void} listener told of each other order
 * @returns {() => void} to hear no more
 */
export function onArranged(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * Tell where an image stands on the wall.
 *
 * @param {string} name
 * @returns {{place: number, of: number}} `place` from 1, or 0 where the wall does not show it
 */
export function placeOf(name) {
  const at = order.names.indexOf(name);
  return { place: at < 0 ? 0 : order.before + at + 1, of: order.total };
}

/**
 * Tell whether a step leads anywhere.
 *
 * @param {string} name
 * @param {Way} way
 */
export function isEnd(name, way) {
  const { place, of } = placeOf(name);
  return place === 0 || place === (way === "next" ? of : 1);
}

/**
 * Give where a step leads from an image, or null where it leads nowhere.
 *
 * @param {string} name
 * @param {Way} way
 * @returns {Promise<Place | null>}
 */
export async function stepFrom(name, way) {
  if (isEnd(name, way)) return null;
  const image = order.names[order.names.indexOf(name) + (way === "next" ? 1 : -1)];
  return image === undefined ? await order.beyond(way) : { image };
}
