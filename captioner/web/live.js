// @ts-check
/** The collection as it is now: asked again and again, as long as somebody looks at the page. */

import { call, ProblemError } from "./api.js";
import { notice } from "./notices.js";

const SOON_MS = 2_000;
const SLOWEST_MS = 15_000;
const PATIENCE_MS = 30_000; // of one request

/**
 * @typedef {{total: number, offset: number, limit: number, images: any[], counts: Counts}} Listing
 * @typedef {{value: string, count: number}} Facet
 * @typedef {{all: number, pending: number, stale: number, status: Facet[], problems: Facet[]}} Counts
 * @typedef {(listing: Listing, query: string) => void} Listener
 */

/** @type {Set<Listener>} */
const listeners = new Set();
/** @type {{query: string, listing: Listing, etag: string | null} | null} */
let known = null;
let query = "limit=1";
let pause = SOON_MS;
let faults = 0;
/** @type {number | undefined} */
let timer;
/** @type {AbortController | null} */
let asking = null;

/**
 * Hear of the listing, at once where it is known, and of each change.
 *
 * @param {Listener} listener
 * @returns {() => void} to hear no more
 */
export function onListing(listener) {
  listeners.add(listener);
  if (known?.query === query) listener(known.listing, query);
  return () => listeners.delete(listener);
}

/**
 * Look at another part of the collection.
 *
 * @param {Object<string, string | number>} wanted the query of `/api/images`
 * @returns {string} the query as listeners hear it
 */
export function lookAt(wanted) {
  const next = new URLSearchParams(
    Object.entries(wanted).map(([k, v]) => [k, String(v)]),
  ).toString();
  if (next !== query || !known) {
    query = next;
    hurry();
  }
  return query;
}

/** Look now, and often for a while: something is about to change. */
export function hurry() {
  pause = SOON_MS;
  asking?.abort();
  clearTimeout(timer);
  look();
}

async function look() {
  if (document.hidden) return; // goes on when the page is seen again
  const mine = new AbortController();
  const asked = query;
  asking = mine;
  try {
    const answer = await call("GET", `/api/images?${asked}`, {
      ifNoneMatch: known?.query === asked ? known.etag : null,
      signal: AbortSignal.any([mine.signal, AbortSignal.timeout(PATIENCE_MS)]),
    });
    if (mine.signal.aborted) return;
    recovered();
    pause = answer.status === 304 ? Math.min(pause * 1.25, SLOWEST_MS) : SOON_MS;
    if (answer.status !== 304) {
      known = { query: asked, listing: answer.data, etag: answer.etag };
      for (const each of [...listeners]) each(answer.data, asked);
    }
  } catch (fault) {
    if (mine.signal.aborted) return;
    failed(fault);
  }
  timer = setTimeout(look, pause);
}

function recovered() {
  if (faults) notice("live", "");
  faults = 0;
}

/** @param {unknown} fault */
function failed(fault) {
  faults += 1;
  pause = Math.min(SOON_MS * 2 ** faults, SLOWEST_MS * 2);
  const isOurs = fault instanceof ProblemError;
  const detail = isOurs ? fault.detail : "The app does not answer.";
  const hope = isOurs && !fault.passes ? "" : " This page keeps trying.";
  notice("live", detail + hope, { keeps: true });
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) hurry();
});
addEventListener("online", hurry);
