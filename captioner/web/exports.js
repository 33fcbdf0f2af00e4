// @ts-check
/** Exports as the app gives them, part by part, made into files. */

import { call } from "./api.js";

/**
 * @typedef {"csv" | "jsonl" | "xmp" | "annotations" | "html"} Format
 *
 * @typedef {object} Scope what to export: these names, or what is found under these filters
 * @property {string[]} [names]
 * @property {Object<string, string>} [filters]
 *
 * @typedef {{blob: Blob, name: string}} Part
 * @typedef {{signal: AbortSignal, done: (images: number) => void}} Course
 */

const JOINED = new Set(["csv", "jsonl"]);
const IN_A_JOINED_PART = 1000; // images; small, so that the progress is seen
const IN_A_FILE = 5000;
const NEXT = /<([^>]*)>\s*;[^,]*\brel="?next"?/i;
const BYTE_ORDER_MARK = "\ufeff";

/**
 * Fetch an export, and give the files to save.
 *
 * @param {Format} format
 * @param {Scope} scope
 * @param {Course} course
 * @returns {Promise<Part[]>}
 */
export async function filesOf(format, scope, course) {
  const size = JOINED.has(format) ? IN_A_JOINED_PART : IN_A_FILE;
  /** @type {Part[]} */
  const parts = [];
  for await (const part of partsOf(format, scope, size, course.signal)) {
    parts.push(part);
    course.done(parts.length * size);
  }
  if (parts.length < 2) return parts;
  if (!JOINED.has(format))
    return parts.map((each, at) => ({ ...each, name: numbered(each.name, at) }));
  const texts = await Promise.all(parts.map(({ blob }) => blob.text()));
  const joined = texts.map((text, at) => (format === "csv" && at > 0 ? withoutHead(text) : text));
  return [{ blob: new Blob(joined.map(ended), { type: parts[0].blob.type }), name: parts[0].name }];
}

/**
 * @param {Format} format
 * @param {Scope} scope
 * @param {number} size images in a part
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<Part>}
 */
async function* partsOf(format, { names, filters = {} }, size, signal) {
  if (names && names.length > 1) {
    for (let at = 0; at < names.length; at += size) {
      const json = { format, names: names.slice(at, at + size) };
      yield partOf(await call("POST", "/api/export", { json, signal }), format);
    }
    return;
  }
  const one = { format, name: names?.[0] };
  let answer = await call("GET", "/api/export", {
    query: names ? one : { format, limit: size, ...filters },
    signal,
  });
  for (;;) {
    yield partOf(answer, format);
    const next = NEXT.exec(answer.headers.get("link") ?? "");
    if (!next) return;
    const { pathname, search } = new URL(next[1], location.href);
    answer = await call("GET", pathname + search, { signal });
  }
}

/**
 * @param {import("./api.js").Answer} answer
 * @param {Format} format
 * @returns {Promise<Part>}
 */
async function partOf(answer, format) {
  const given = answer.headers.get("content-disposition") ?? "";
  return { blob: await answer.blob(), name: fileName(given) ?? `captions.${format}` };
}

/**
 * Read the file's name out of a header `Content-Disposition`.
 *
 * @param {string} header
 */
export function fileName(header) {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(header)?.[1];
  if (encoded) {
    try {
      return decodeURIComponent(encoded);
    } catch {
      // The plain name stands beside it for those who cannot read this one.
    }
  }
  const [, quoted, plain] = /filename=(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(header) ?? [];
  return quoted?.replace(/\\(.)/g, "$1") ?? plain ?? null;
}

/**
 * @param {string} name
 * @param {number} at from 0
 */
function numbered(name, at) {
  const dot = name.indexOf(".", 1);
  return dot < 0 ? `${name}-${at + 1}` : `${name.slice(0, dot)}-${at + 1}${name.slice(dot)}`;
}

/**
 * Take the line of headings off a table.
 *
 * @param {string} text
 */
function withoutHead(text) {
  const table = text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
  return table.slice(table.indexOf("\n") + 1);
}

/** @param {string} text */
const ended = (text) => (text === "" || text.endsWith("\n") ? text : `${text}\n`);
