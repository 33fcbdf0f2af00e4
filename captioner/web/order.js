// @ts-check
/** The order in which the wall shows its images, for those who step through them. */

/** @type {string[]} */
let order = [];

/**
 * Tell the order.
 *
 * @param {string[]} names
 */
export function arrange(names) {
  order = names;
}

/**
 * Give the neighbours of an image on the wall.
 *
 * @param {string} name
 * @returns {{previous: string | null, next: string | null, place: number, of: number}} `place` from
 *   1, or 0 where the wall does not show it
 */
export function around(name) {
  const at = order.indexOf(name);
  return {
    previous: at > 0 ? order[at - 1] : null,
    next: at >= 0 && at + 1 < order.length ? order[at + 1] : null,
    place: at + 1,
    of: order.length,
  };
}
