// @ts-check
/** Files on their way into the collection: three at once, each told of, any of them stopped. */

import { call, ProblemError, pathOf } from "./api.js";
import { arrived } from "./arrivals.js";
import { sentence } from "./words.js";

/**
 * @typedef {"waiting" | "sending" | "pausing" | "asking" | "done" | "failed" | "skipped"
 *   | "cancelled"} Stage
 * @typedef {object} Upload
 * @property {File} file
 * @property {string} name
 * @property {string} wished the name before it was found taken
 * @property {number} taken how many names were found taken, and 1
 * @property {Stage} stage
 * @property {number} sent bytes
 * @property {string} told what went wrong, or "" where nothing did
 * @property {boolean} replaces
 * @property {AbortController} stop
 *
 * @typedef {"replace" | "both" | "skip"} Choice
 * @typedef {(name: string, more: boolean) => Promise<{choice: Choice, always: boolean}>} Asking
 */

const AT_ONCE = 3;
const LONGEST_NAME = 1_024; // characters, of a blob
const TRIES = 5; // of an app that answers and fails; one that is out of reach is waited for
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const OVER = new Set(["done", "failed", "skipped", "cancelled"]);

export class Uploads {
  /**
   * @param {() => void} onChange
   * @param {Asking} ask what to do about a name that there is already
   */
  constructor(onChange, ask) {
    this.onChange = onChange;
    this.ask = ask;
    /** @type {Upload[]} */
    this.all = [];
    /** Where those that wait begin. */
    this.next = 0;
    this.running = 0;
    /** @type {Choice | null} */
    this.always = null;
    /** Questions are asked one after the other. @type {Promise<unknown>} */
    this.asked = Promise.resolve();
  }

  /** Whether any is still on its way. */
  get isBusy() {
    return this.all.some(({ stage }) => !OVER.has(stage));
  }

  /**
   * Send a file.
   *
   * @param {File} file
   * @param {string} name
   */
  add(file, name) {
    if (!this.isBusy) this.always = null;
    this.all.push({
      file,
      name,
      wished: name,
      taken: 1,
      stage: "waiting",
      sent: 0,
      told: "",
      replaces: false,
      stop: new AbortController(),
    });
    this.#start();
  }

  /** @param {Upload} upload */
  retry(upload) {
    this.add(upload.file, upload.wished);
    this.forget(upload);
  }

  /** @param {Upload} upload */
  cancel(upload) {
    if (OVER.has(upload.stage)) return;
    upload.stage = "cancelled";
    upload.stop.abort();
    this.onChange();
  }

  cancelAll() {
    for (const each of this.all) this.cancel(each);
  }

  /** @param {Upload} upload */
  forget(upload) {
    const at = this.all.indexOf(upload);
    this.all.splice(at, 1);
    if (at < this.next) this.next -= 1;
    this.onChange();
  }

  /** Forget those that are over. */
  clear() {
    this.all = this.all.filter(({ stage }) => !OVER.has(stage));
    this.next = this.all.findIndex(({ stage }) => stage === "waiting");
    if (this.next < 0) this.next = this.all.length;
    this.onChange();
  }

  #start() {
    while (this.running < AT_ONCE && this.next < this.all.length) {
      const upload = this.all[this.next];
      this.next += 1;
      if (upload.stage !== "waiting") continue;
      this.running += 1;
      this.#run(upload).finally(() => {
        this.running -= 1;
        this.onChange();
        this.#start();
      });
    }
    this.onChange();
  }

  /** @param {Upload} upload */
  async #run(upload) {
    try {
      if (upload.name.length > LONGEST_NAME) {
        throw new ProblemError(400, "long_name", "The name is too long. Shorten its folders.");
      }
      while (!(await this.#isSent(upload))) await this.#settle(upload);
    } catch (fault) {
      if (upload.stage === "cancelled") return;
      upload.stage = "failed";
      upload.told = (await isUnreadable(upload.file))
        ? "The file cannot be read any more. Choose it again."
        : sentence(fault);
    }
  }

  /**
   * Send a file, and again after a pause while what is wrong may pass.
   *
   * @param {Upload} upload
   * @returns {Promise<boolean>} `false` where its name is taken
   */
  async #isSent(upload) {
    for (let tries = 1; !OVER.has(upload.stage); tries += 1) {
      try {
        return await this.#send(upload);
      } catch (fault) {
        if (!mayPass(fault, tries) || (await isUnreadable(upload.file))) throw fault;
        if (OVER.has(upload.stage)) break;
        upload.stage = "pausing";
        upload.told = sentence(fault);
        this.onChange();
        await pause(Math.min(FIRST_PAUSE_MS * 2 ** tries, LONGEST_PAUSE_MS), upload.stop.signal);
      }
    }
    return true;
  }

  /** @param {Upload} upload */
  async #send(upload) {
    upload.stage = "sending";
    upload.sent = 0;
    try {
      const { data } = await call("PUT", pathOf("/api/images/", upload.name), {
        body: upload.file,
        headers: { "Content-Type": upload.file.type || "application/octet-stream" },
        ifNoneMatch: upload.replaces ? null : "*",
        signal: upload.stop.signal,
        onProgress: (sent) => {
          upload.sent = sent;
          this.onChange();
        },
      });
      upload.stage = "done";
      arrived(data);
      return true;
    } catch (fault) {
      if (fault instanceof ProblemError && fault.code === "image_exists") return false;
      throw fault;
    }
  }

  /**
   * Settle what is to become of a file whose name is taken.
   *
   * @param {Upload} upload
   */
  async #settle(upload) {
    const choice = upload.taken > 1 ? "both" : await this.#choose(upload);
    if (OVER.has(upload.stage)) return;
    upload.taken += 1;
    if (choice === "skip") upload.stage = "skipped";
    else if (choice === "replace") upload.replaces = true;
    else upload.name = numbered(upload.wished, upload.taken);
  }

  /**
   * @param {Upload} upload
   * @returns {Promise<Choice>}
   */
  #choose(upload) {
    upload.stage = "asking";
    this.onChange();
    const mine = this.asked.then(async () => {
      if (this.always || upload.stage === "cancelled") return this.always ?? "skip";
      const { choice, always } = await this.ask(upload.name, this.isBusy);
      if (always) this.always = choice;
      return choice;
    });
    this.asked = mine;
    return mine;
  }
}

/**
 * Put a number to a name: "a/b.jpg" becomes "a/b (2).jpg".
 *
 * @param {string} name
 * @param {number} number
 */
export function numbered(name, number) {
  const [, stem, end] = /** @type {RegExpMatchArray} */ (name.match(/^(.*?[^/]*?)(\.[^./]*)?$/s));
  return `${stem} (${number})${end ?? ""}`;
}

/**
 * @param {unknown} fault
 * @param {number} tries
 */
function mayPass(fault, tries) {
  if (!(fault instanceof ProblemError)) return false;
  return fault.status === 0 || (fault.passes && tries < TRIES);
}

/**
 * Wait a while, and no longer than until this computer is online again or `signal` ends it.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = () => {
      clearTimeout(timer);
      over.abort();
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    addEventListener("online", end, { signal: over.signal });
    signal.addEventListener("abort", end, { signal: over.signal });
  });
}

/** @param {File} file */
async function isUnreadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
    return false;
  } catch {
    return true;
  }
}
