// @ts-check
/** What changed between two texts, word by word. */

import { h } from "./dom.js";

/** @typedef {{kind: "same" | "removed" | "added", text: string}} Part */

/**
 * Tell the parts in which one text becomes another, by the longest words they have in common.
 * @param {string} before
 * @param {string} after
 * @returns {Part[]}
 */
export function differences(before, after) {
  const from = before.split(/\s+/u).filter(Boolean);
  const to = after.split(/\s+/u).filter(Boolean);
  const common = commonLengths(from, to);
  /** @type {Part[]} */
  const parts = [];
  let i = 0;
  let j = 0;
  while (i < from.length || j < to.length) {
    if (i < from.length && j < to.length && from[i] === to[j]) {
      add(parts, "same", from[i]);
      i += 1;
      j += 1;
    } else if (j >= to.length || (i < from.length && common[i + 1][j] >= common[i][j + 1])) {
      add(parts, "removed", from[i]);
      i += 1;
    } else {
      add(parts, "added", to[j]);
      j += 1;
    }
  }
  return parts;
}

/**
 * The differences as text: removed words struck, added ones underlined, each told in words too.
 * @param {string} before
 * @param {string} after
 */
export function marked(before, after) {
  const pieces = differences(before, after).map(({ kind, text }) => {
    if (kind === "removed") return h("del", unseen("removed: "), text, unseen(","));
    if (kind === "added") return h("ins", unseen("added: "), text, unseen(","));
    return text;
  });
  return h(
    "span",
    { class: "differences", dir: "auto" },
    ...pieces.flatMap((piece) => [piece, " "]),
  );
}

/** @param {string} text */
const unseen = (text) => h("span", { class: "unseen" }, text);

/**
 * For each pair of places the number of words in common from there on.
 * @param {string[]} from
 * @param {string[]} to
 */
function commonLengths(from, to) {
  const lengths = Array.from({ length: from.length + 1 }, () => new Uint16Array(to.length + 1));
  for (let i = from.length - 1; i >= 0; i -= 1) {
    for (let j = to.length - 1; j >= 0; j -= 1) {
      lengths[i][j] =
        from[i] === to[j]
          ? lengths[i + 1][j + 1] + 1
          : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  return lengths;
}

/**
 * Add a word, to the last part where it is of the same kind.
 * @param {Part[]} parts
 * @param {Part["kind"]} kind
 * @param {string} word
 */
function add(parts, kind, word) {
  const last = parts.at(-1);
  if (last?.kind === kind) last.text += ` ${word}`;
  else parts.push({ kind, text: word });
}
