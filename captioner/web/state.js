// @ts-check
/** What the page shows is what the address bar says, so that any of it can be linked to. */

/**
 * @typedef {object} State
 * @property {string} view "" (the wall), "review" or "quality"
 * @property {string} image the name of the image that is open, or ""
 * @property {string} q what is searched for, or ""
 * @property {string} status
 * @property {string} problem
 * @property {string} review
 * @property {string} prefix
 * @property {string} sort
 * @property {number} page from 1
 *
 * @typedef {Partial<{[Key in keyof State]: State[Key] | null}>} Changes
 */

const KEYS = /** @type {(keyof State)[]} */ ([
  "view",
  "image",
  "q",
  "status",
  "problem",
  "review",
  "prefix",
  "sort",
  "page",
]);
const FILTERS = KEYS.filter((each) => each !== "image" && each !== "page");

/** @type {Set<(state: State) => void>} */
const listeners = new Set();

/**
 * Give what the address bar says.
 *
 * @returns {State}
 */
export function current() {
  return stateOf(new URLSearchParams(location.search));
}

/**
 * Give the address of the present state with changes; other filters begin at the first page.
 *
 * @param {Changes} changes null and "" take a value away
 * @returns {string}
 */
export function link(changes) {
  const before = current();
  const filtered = FILTERS.some((each) => each in changes && changes[each] !== before[each]);
  const state = { ...before, ...(filtered ? { page: 1 } : {}), ...changes };
  const search = new URLSearchParams();
  for (const each of KEYS) {
    const value = state[each];
    if (value && !(each === "page" && value === 1)) search.set(each, String(value));
  }
  return search.size ? `/?${search}` : "/";
}

/**
 * Go there: a step of the browser's history, or none with `replace`.
 *
 * @param {Changes} changes
 * @param {{replace?: boolean}} [options]
 */
export function go(changes, { replace = false } = {}) {
  visit(link(changes), { replace });
}

/**
 * Go to an address that `link` gave.
 *
 * @param {string} address
 * @param {{replace?: boolean}} [options]
 */
export function visit(address, { replace = false } = {}) {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  tell();
}

/**
 * Hear of every change.
 *
 * @param {(state: State) => void} listener
 * @returns {() => void} to hear no more
 */
export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Follow the browser's back and forward, and links to states of this page. */
export function follow() {
  addEventListener("popstate", tell);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || hasModifier(event)) return;
    const anchor = /** @type {Element} */ (event.target).closest?.("a[href]");
    if (!(anchor instanceof HTMLAnchorElement) || anchor.target || anchor.download) return;
    if (anchor.origin !== location.origin || anchor.pathname !== "/" || anchor.hash) return;
    event.preventDefault();
    visit(anchor.pathname + anchor.search);
  });
}

/** @param {MouseEvent} event */
function hasModifier(event) {
  return event.metaKey || event.ctrlKey || event.shiftKey || event.altKey;
}

function tell() {
  const state = current();
  for (const each of [...listeners]) each(state);
}

/**
 * @param {URLSearchParams} search
 * @returns {State}
 */
function stateOf(search) {
  const [view, page] = [search.get("view") ?? "", Number(search.get("page"))];
  const texts = KEYS.map((each) => [each, search.get(each) ?? ""]);
  return {
    ...Object.fromEntries(texts),
    view: ["review", "quality"].includes(view) ? view : "",
    page: Number.isInteger(page) && page > 1 ? page : 1,
  };
}
