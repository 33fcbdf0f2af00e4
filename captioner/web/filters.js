// @ts-check
/** From what the address bar says to what the app is asked for. */

/** @typedef {import("./state.js").State} State */

export const PAGE_SIZE = 60;

export const SORTS = [
  ["", "Newest first"],
  ["updated", "Last changed first"],
  ["name", "By name"],
  ["review", "Least certain first"],
];

/**
 * Give the query of `/api/images` for the images of a state, without page and order.
 *
 * @param {State} state
 * @returns {Object<string, string>}
 */
export function filtersOf({ status, review, problem, prefix }) {
  const all = { status, review, problem, prefix };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value));
}

/**
 * Give the query of `/api/images` for the page of the wall that a state shows.
 *
 * @param {State} state
 * @returns {Object<string, string | number>}
 */
export function listingOf(state) {
  const page = { limit: PAGE_SIZE, offset: (state.page - 1) * PAGE_SIZE };
  const query = { ...filtersOf(state), ...page };
  return state.sort ? { ...query, sort: state.sort } : query;
}

/**
 * Tell whether a state leaves anything out.
 *
 * @param {State} state
 */
export const isFiltered = (state) => Object.keys(filtersOf(state)).length > 0 || state.q !== "";
