// @ts-check
/** Pictures from the app, which wants its key in a header: fetched, kept a while, and shown. */

import { call, ProblemError, pathOf } from "./api.js";

/**
 * @typedef {"small" | "large"} Size
 * @typedef {{name: string, version?: string, width?: number, height?: number}} Pictured
 * @typedef {{entry: Pictured, size: Size, tries: number}} Wanted
 */

const LONGEST = { small: 512, large: 1600 }; // pixels
const AT_ONCE = 6;
const MOST_BYTES = 64 * 2 ** 20;
const TRIES = 4;
const FIRST_PAUSE_MS = 1_000;
const NEAR = "400px";

/** Object URLs, the longest unused first. @type {Map<string, {url: string, bytes: number}>} */
const kept = new Map();
/** What is to be fetched, the latest wish last. @type {Map<HTMLImageElement, Wanted>} */
const waiting = new Map();
/** @type {Map<Element, Wanted>} */
const unseen = new Map();
let [bytes, running] = [0, 0];

const watch = new IntersectionObserver(near, { rootMargin: NEAR });

/**
 * Give an element that shows a picture as soon as it is near what is seen.
 *
 * `data-state` tells `loading`, `ready` or `broken`. Its `alt` is empty: set it where no text
 * beside the picture says the same.
 *
 * @param {Pictured} entry
 * @param {Size} size
 * @returns {HTMLImageElement}
 */
export function picture(entry, size) {
  const image = new Image();
  image.alt = "";
  image.decoding = "async";
  image.draggable = false;
  if (entry.width && entry.height) {
    const scale = Math.min(1, LONGEST[size] / Math.max(entry.width, entry.height));
    image.width = Math.max(1, Math.round(entry.width * scale));
    image.height = Math.max(1, Math.round(entry.height * scale));
  }
  const wanted = { entry, size, tries: 0 };
  const found = recall(wanted);
  if (found) {
    show(image, found);
  } else {
    image.dataset.state = "loading";
    unseen.set(image, wanted);
    watch.observe(image);
  }
  return image;
}

/** @param {IntersectionObserverEntry[]} sightings */
function near(sightings) {
  for (const { target, isIntersecting } of sightings) {
    const image = /** @type {HTMLImageElement} */ (target);
    const wanted = unseen.get(image);
    if (isIntersecting && wanted) {
      waiting.set(image, wanted);
    } else {
      waiting.delete(image);
      if (!image.isConnected) forget(image);
    }
  }
  fetchNext();
}

function fetchNext() {
  for (const [image, wanted] of waiting) {
    if (running === AT_ONCE) return;
    waiting.delete(image);
    forget(image);
    running += 1;
    load(image, wanted).finally(() => {
      running -= 1;
      fetchNext();
    });
  }
}

/**
 * @param {HTMLImageElement} image
 * @param {Wanted} wanted
 */
async function load(image, wanted) {
  const { entry, size } = wanted;
  try {
    const found = recall(wanted);
    if (found) return show(image, found);
    const path = pathOf("/api/thumbnails/", entry.name);
    const answer = await call("GET", path, { query: { size, version: entry.version } });
    show(image, keep(wanted, await answer.blob()));
  } catch (fault) {
    wanted.tries += 1;
    const passes = fault instanceof ProblemError ? fault.passes : true;
    if (passes && wanted.tries < TRIES) {
      setTimeout(() => again(image, wanted), FIRST_PAUSE_MS * 2 ** wanted.tries);
    } else {
      image.dataset.state = "broken";
      image.alt = "This picture cannot be shown.";
      image.src = placeholder();
    }
  }
}

/**
 * @param {HTMLImageElement} image
 * @param {Wanted} wanted
 */
function again(image, wanted) {
  if (!image.isConnected) return;
  unseen.set(image, wanted);
  watch.observe(image);
}

/** @param {HTMLImageElement} image */
function forget(image) {
  unseen.delete(image);
  watch.unobserve(image);
}

/**
 * @param {HTMLImageElement} image
 * @param {string} url
 */
function show(image, url) {
  image.src = url;
  image.dataset.state = "ready";
}

/** @param {Wanted} wanted */
function keyOf({ entry, size }) {
  return JSON.stringify([size, entry.version ?? null, entry.name]);
}

/** @param {Wanted} wanted */
function recall(wanted) {
  const key = keyOf(wanted);
  const found = wanted.entry.version ? kept.get(key) : undefined;
  if (!found) return null;
  kept.delete(key);
  kept.set(key, found);
  return found.url;
}

/**
 * @param {Wanted} wanted
 * @param {Blob} blob
 */
function keep(wanted, blob) {
  const key = keyOf(wanted);
  drop(key);
  const url = URL.createObjectURL(blob);
  kept.set(key, { url, bytes: blob.size });
  bytes += blob.size;
  for (const oldest of kept.keys()) {
    if (bytes <= MOST_BYTES || kept.size === 1) break;
    drop(oldest);
  }
  return url;
}

/** @param {string} key */
function drop(key) {
  const found = kept.get(key);
  if (!found) return;
  kept.delete(key);
  bytes -= found.bytes;
  URL.revokeObjectURL(found.url);
}

/** @type {string | undefined} */
let drawn;

function placeholder() {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="512" height="384" viewBox="-52 -36 128 96" ' +
    'fill="none" stroke="#8a857d" stroke-width="1.5" stroke-linejoin="round" ' +
    'stroke-linecap="round"><path d="M10 5H4v14h7M14 19h6V5h-5M13 3l-2 6 3 3-3 4 1 5"/></svg>';
  drawn ??= URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  return drawn;
}
