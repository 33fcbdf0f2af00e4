// @ts-check
/** How the parts of a record are told in plain words. */

import { badge, statusOf } from "./badges.js";
import { h } from "./dom.js";
import { sourceName, when } from "./words.js";

/** Where in the image a description stood. @type {Object<string, string>} */
const PLACES = {
  "blob-metadata": "In the blob's metadata",
  "xmp-alt-text": "In the file's XMP alt text",
  "xmp-extended": "In the file's XMP extended description",
  "dc-description": "In the file's Dublin Core description",
  "iptc-caption": "In the file's IPTC caption",
  "exif-description": "In the file's EXIF description",
};

/** @type {Object<string, string>} */
const TROUBLED = { image: "The image", platform: "Captioning", save: "Saving" };

const ONE_DIGIT = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 1 });

/** @param {string} origin */
export const placeOf = (origin) => PLACES[origin] ?? sourceName(origin);

/**
 * Name what a problem is of.
 *
 * @param {string} source
 */
export const troubledName = (source) => TROUBLED[source] ?? sourceName(source);

/** @param {number} count bytes */
export function bytes(count) {
  if (count < 1000) return `${count} bytes`;
  if (count < 1e6) return `${ONE_DIGIT.format(count / 1e3)} kB`;
  return `${ONE_DIGIT.format(count / 1e6)} MB`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${ONE_DIGIT.format(milliseconds / 1000)} s`;
}

/**
 * A moment, as an element that keeps the exact time.
 *
 * @param {string} moment ISO 8601
 */
export const time = (moment) => h("time", { datetime: moment }, when(moment));

/**
 * Tell whether a person still has to look: none stands behind the text, or it was of another image.
 *
 * @param {{status: string, stale?: boolean} | null} altText
 */
export const isPending = (altText) =>
  altText === null || altText.status === "machine" || altText.stale === true;

/**
 * Name who stands behind a text.
 *
 * @param {{source: string, status: string, by: string | null}} altText
 */
export function behind({ source, status, by }) {
  return status === "machine" ? sourceName(source) : (by ?? "Somebody");
}

/**
 * Say how an alt text stands: its badge, whose it is, and since when.
 *
 * @param {any} altText or null
 * @returns {import("./dom.js").Child}
 */
export function standing(altText) {
  const shown = badge(statusOf(altText));
  if (altText === null) return [shown];
  const { status, source, by, updated } = altText;
  const whose = status === "edited" || source === "person" ? null : sourceName(source);
  const who = by === null ? null : h("bdi", by);
  const said = [whose, who && ["by ", who], time(updated)].filter(Boolean);
  return [shown, said.flatMap((each) => [" · ", each])];
}
