// @ts-check
/** The same for many images, a few at a time. */

import { call, ProblemError, pathOf } from "./api.js";
import { leave } from "./arrivals.js";
import { changed, removed } from "./events.js";
import { sentence } from "./words.js";

/**
 * @typedef {(name: string, fault: unknown, place: number) => void} Telling `place` counts those done
 * @typedef {(names: string[], tell: Telling) => Promise<string[]>} Doing gives what went wrong
 */

const AT_ONCE = 4;
const MOST_TOLD = 5;

/** Approve the alt texts as they stand. @type {Doing} */
export const approveAll = (names, tell) => each(names, approve, tell);

/** Delete the images. @type {Doing} */
export const deleteAll = (names, tell) => each(names, remove, tell);

/** @param {string} name */
async function approve(name) {
  const found = await call("GET", pathOf("/api/captions/", name));
  const text = found.data.alt_text?.text;
  if (!text) throw new ProblemError(0, "no_text", "There is no text to approve.");
  const { data, etag } = await call("PUT", pathOf("/api/alt-text/", name), {
    json: { text },
    ifMatch: found.etag,
  });
  changed(data, etag);
}

/** @param {string} name */
async function remove(name) {
  try {
    await call("DELETE", pathOf("/api/images/", name));
  } catch (fault) {
    if (!(fault instanceof ProblemError && fault.code === "image_not_found")) throw fault;
  }
  leave(name);
  removed(name);
}

/**
 * @param {string[]} names
 * @param {(name: string) => Promise<void>} act
 * @param {Telling} tell
 * @returns {Promise<string[]>}
 */
async function each(names, act, tell) {
  const waiting = [...names];
  /** @type {string[]} */
  const faults = [];
  let [done, failed] = [0, 0];
  const work = async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      let wrong = null;
      try {
        await act(name);
      } catch (fault) {
        wrong = fault;
        failed += 1;
        if (failed <= MOST_TOLD) faults.push(`${name}: ${sentence(fault)}`);
      }
      done += 1;
      tell(name, wrong, done);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  if (failed > MOST_TOLD) faults.push(`And ${failed - MOST_TOLD} more.`);
  return faults;
}
