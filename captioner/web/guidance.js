// @ts-check
/** What makes good alt text: how long it is, and what to mend before it is published. */

export const WANTED = 125;
export const MOST = 250;

const FILE_NAME =
  /^[\w-]+\.(?:avif|bmp|gif|heic|jpe?g|png|tiff?|webp)$|^(?:dscn?|img|pict|scan)[_-]?\d+\b/i;
const TELLS_THE_MEDIUM =
  /^(?:an?|the)?\s*(?:image|picture|photo|photograph|graphic|screenshot)\s+(?:of|showing)\b/i;
const LETTERS = /\p{L}/gu;
const FEW_LETTERS = 8;

/**
 * A text as it will be kept: one line, single spaces, one code point a letter where there is one.
 * @param {string} text
 */
export const tidy = (text) => text.normalize("NFC").split(/\s+/u).filter(Boolean).join(" ");

/**
 * Judge a text.
 *
 * `length` counts code points, as the server does. `level` is `good`, `long` or `bad`; a bad one
 * cannot be published and `reason` says why. `hints` are sentences that may be passed over.
 * @param {string} text
 * @returns {{length: number, level: "good" | "long" | "bad", reason: string, hints: string[]}}
 */
export function judge(text) {
  const kept = tidy(text);
  const length = [...kept].length;
  if (length === 0) {
    return { length, level: "bad", reason: "Write what the picture shows first.", hints: [] };
  }
  const hints = hintsFor(kept);
  if (length > MOST) {
    const over = length - MOST;
    const reason = `Too long by ${over} ${over === 1 ? "character" : "characters"}: ${MOST} is the most.`;
    return { length, level: "bad", reason, hints };
  }
  return { length, level: length > WANTED ? "long" : "good", reason: "", hints };
}

/** @param {string} text */
function hintsFor(text) {
  const hints = [];
  if (TELLS_THE_MEDIUM.test(text)) {
    hints.push("Screen readers say that it is an image. Begin with what it shows.");
  }
  if (FILE_NAME.test(text)) hints.push("This looks like a file name. Say what the picture shows.");
  const letters = text.match(LETTERS) ?? [];
  const shouted = letters.length >= FEW_LETTERS && text === text.toUpperCase();
  if (shouted && text !== text.toLowerCase()) {
    hints.push("All capitals are hard to read, and some screen readers spell them out.");
  }
  return hints;
}
