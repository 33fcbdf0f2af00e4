// @ts-check
/** Shares of what people reviewed, and how far they can be trusted. */

const Z = 1.959964; // of the normal distribution, for 95 %

/** Fewer reviewed texts than this tell next to nothing. */
export const ENOUGH = 30;

/**
 * Give the 95 % score interval of a share (Wilson, 1927).
 *
 * @param {number} hits
 * @param {number} all above 0
 * @returns {[number, number]}
 */
export function wilson(hits, all) {
  const share = hits / all;
  const spread = Z ** 2 / all;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (Z / (1 + spread)) * Math.sqrt((share * (1 - share)) / all + spread / (4 * all));
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}
