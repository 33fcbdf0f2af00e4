// @ts-check
/** Requests to the app: keyed where it asks for a key, and every failure a sentence. */

import { anotherThan, key } from "./key.js";

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} data what the body says where it is JSON, else null
 * @property {string | null} etag
 * @property {Headers} headers
 * @property {() => Promise<Blob>} blob gives the body as it came
 *
 * @typedef {object} Options
 * @property {Object<string, string | number | null | undefined>} [query] empty values are left out
 * @property {unknown} [json] to send as the body
 * @property {BodyInit} [body]
 * @property {Object<string, string>} [headers]
 * @property {string | null} [ifMatch]
 * @property {string | null} [ifNoneMatch]
 * @property {AbortSignal} [signal]
 * @property {(sent: number, all: number) => void} [onProgress] told of the bytes of the body sent
 */

/** What went wrong, in a sentence a person can act on (`detail`, and `message`). */
export class ProblemError extends Error {
  /**
   * @param {number} status 0 where the app was not reached
   * @param {string} code
   * @param {string} detail
   * @param {any} [document] the app's own problem document
   */
  constructor(status, code, detail, document = null) {
    super(detail);
    this.name = "ProblemError";
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.document = document;
  }

  /** Whether the same request may well succeed later. */
  get passes() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

/**
 * Ask the app.
 *
 * Throws `ProblemError`; the fault of a `signal` that ended the request is thrown as it is.
 *
 * @param {string} method
 * @param {string} path
 * @param {Options} [options]
 * @returns {Promise<Answer>}
 */
export async function call(method, path, options = {}) {
  const { query = {}, json, ifMatch, ifNoneMatch, signal } = options;
  const said = Object.entries(query).filter(([, value]) => (value ?? "") !== "");
  const search = new URLSearchParams(said.map(([name, value]) => [name, String(value)]));
  const address = search.size ? `${path}?${search}` : path;
  const headers = new Headers(options.headers);
  if (ifMatch) headers.set("If-Match", ifMatch);
  if (ifNoneMatch) headers.set("If-None-Match", ifNoneMatch);
  if (json !== undefined) headers.set("Content-Type", "application/json");
  const body = json === undefined ? options.body : JSON.stringify(json);
  for (;;) {
    const sent = key();
    if (sent) headers.set("x-functions-key", sent);
    const request = { method, headers, body, signal };
    const response = await (options.onProgress
      ? sendTelling(address, request, options.onProgress)
      : send(address, request));
    if (response.status !== 401) return read(response);
    await anotherThan(sent);
  }
}

/**
 * Give the path of an image under a route that ends with its name.
 *
 * @param {string} route such as "/api/captions/"
 * @param {string} name may hold slashes
 */
export function pathOf(route, name) {
  const segments = name.split("/");
  if (segments.some((each) => each === "." || each === "..")) {
    throw new ProblemError(400, "invalid_name", `No browser can ask for the name “${name}”.`);
  }
  return route + segments.map(encodeURIComponent).join("/");
}

/**
 * @typedef {{method: string, headers: Headers, body?: BodyInit, signal?: AbortSignal}} Request
 *
 * @param {string} address
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function send(address, request) {
  try {
    return await fetch(address, request);
  } catch (fault) {
    if (request.signal?.aborted) throw fault;
    throw unreached();
  }
}

/**
 * Send with news of how far it is, which `fetch` does not give.
 *
 * @param {string} address
 * @param {Request} request
 * @param {(sent: number, all: number) => void} onProgress
 * @returns {Promise<Response>}
 */
function sendTelling(address, { method, headers, body, signal }, onProgress) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const sending = new XMLHttpRequest();
    sending.open(method, address);
    sending.responseType = "blob";
    for (const [name, value] of headers) sending.setRequestHeader(name, value);
    sending.upload.onprogress = ({ loaded, total }) => onProgress(loaded, total);
    sending.onerror = () => reject(unreached());
    sending.onabort = () => reject(signal?.reason);
    sending.onload = () => {
      const empty = [204, 205, 304].includes(sending.status);
      const told = new Headers();
      for (const line of sending
        .getAllResponseHeaders()
        .trim()
        .split(/[\r\n]+/)) {
        const at = line.indexOf(":");
        if (at > 0) told.append(line.slice(0, at), line.slice(at + 1).trim());
      }
      resolve(
        new Response(empty ? null : sending.response, { status: sending.status, headers: told }),
      );
    };
    signal?.addEventListener("abort", () => sending.abort(), { once: true });
    sending.send(/** @type {XMLHttpRequestBodyInit | undefined} */ (body));
  });
}

/**
 * @param {Response} response
 * @returns {Promise<Answer>}
 */
async function read(response) {
  const { status, headers } = response;
  const type = headers.get("content-type") ?? "";
  /** @type {any} */
  let data = null;
  let blob = () => response.blob();
  if (/^application\/(problem\+)?json\b/.test(type)) {
    const body = await response.blob().catch(() => {
      throw unreached();
    });
    blob = async () => body;
    data = parsed(await body.text());
  }
  if (!response.ok && status !== 304) {
    throw new ProblemError(
      status,
      data?.code ?? `http_${status}`,
      data?.detail ?? sentenceOf(status),
      data,
    );
  }
  return { status, data, etag: headers.get("etag"), headers, blob };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ProblemError(0, "cut_short", "The app's answer came cut short. Try again.");
  }
}

function unreached() {
  return new ProblemError(
    0,
    "offline",
    navigator.onLine
      ? "The app cannot be reached. It may be starting, or not be running."
      : "This computer is offline.",
  );
}

/** @param {number} status */
function sentenceOf(status) {
  if (status === 403) return "The app does not let you do this.";
  if (status === 404) return "The app knows no such thing.";
  if (status === 413) return "That is larger than the app takes.";
  if (status === 429) return "The app is busy; it may have time in a moment.";
  if (status >= 500) return `The app failed (HTTP ${status}); it may work again in a moment.`;
  return `The app answered with HTTP ${status}.`;
}
