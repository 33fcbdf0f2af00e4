// @ts-check
/** Files that the page gives to whoever uses it. */

import { h } from "./dom.js";

const KEPT_MS = 60_000; // a browser may still ask where to put it

/**
 * Save bytes as a file.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function saveFile(blob, name) {
  const url = URL.createObjectURL(blob);
  const anchor = h("a", { href: url, download: name, hidden: true });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}
