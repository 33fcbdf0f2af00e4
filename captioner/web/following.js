// @ts-check
/** One image's record as it stands, asked for again and again while somebody looks at it. */

import { call, ProblemError, pathOf } from "./api.js";

const EVERY_MS = 4_000;
const AFTER_FAULT_MS = 15_000;

/**
 * @typedef {object} Listener
 * @property {(record: any, etag: string) => void} found told at first, and of each change
 * @property {(fault: ProblemError) => void} failed
 * @property {() => void} back told of the first answer after a fault, changed or not
 */

/** Follows a record; what it has been given last is `record` and `etag`. */
export class Following {
  /** @type {any} */
  record = null;
  /** @type {string | null} */
  etag = null;

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #request = new AbortController();
  #closed = false;
  #faulty = false;

  /**
   * @param {string} name
   * @param {Listener} listener
   */
  constructor(name, listener) {
    this.name = name;
    this.listener = listener;
    this.seen = () => document.visibilityState === "visible" && this.now();
    document.addEventListener("visibilitychange", this.seen);
    this.now();
  }

  /** Ask at once. */
  now() {
    if (this.#closed) return;
    this.#stop();
    this.#request = new AbortController();
    this.#ask(this.#request.signal);
  }

  /**
   * Take over what an edit of one's own gave; an answer still under way is older than that.
   * @param {any} record
   * @param {string} etag
   */
  adopt(record, etag) {
    if (this.#closed) return;
    this.#stop();
    this.record = record;
    this.etag = etag;
    this.#later(EVERY_MS);
  }

  close() {
    this.#closed = true;
    this.#stop();
    document.removeEventListener("visibilitychange", this.seen);
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#request.abort();
  }

  /** @param {number} milliseconds */
  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(
      () => document.visibilityState === "visible" && this.now(),
      milliseconds,
    );
  }

  /** @param {AbortSignal} signal */
  async #ask(signal) {
    try {
      const path = pathOf("/api/captions/", this.name);
      const answer = await call("GET", path, { ifNoneMatch: this.etag, signal });
      if (signal.aborted) return;
      if (this.#faulty) this.listener.back();
      this.#faulty = false;
      if (answer.status !== 304) {
        this.record = answer.data;
        this.etag = answer.etag;
        this.listener.found(answer.data, answer.etag ?? "*");
      }
      this.#later(EVERY_MS);
    } catch (fault) {
      if (signal.aborted) return;
      if (!(fault instanceof ProblemError)) throw fault;
      this.#faulty = true;
      this.listener.failed(fault);
      this.#later(fault.status === 404 ? EVERY_MS : AFTER_FAULT_MS);
    }
  }
}
