// @ts-check
/** The way from page to page. */

import { fill, h, icon } from "./dom.js";
import { link } from "./state.js";
import { count } from "./words.js";

export class Pager {
  constructor() {
    this.shown = "";
    this.element = h("nav", { class: "pager", "aria-label": "Pages" });
  }

  /**
   * @param {number} page from 1
   * @param {number} pages
   */
  update(page, pages) {
    this.element.hidden = pages <= 1;
    const shown = `${page} ${pages} ${link({})}`;
    if (shown === this.shown) return;
    this.shown = shown;
    const hadFocus = this.element.contains(document.activeElement);
    fill(
      this.element,
      step("Previous page", "left", page > 1 ? page - 1 : null),
      h(
        "ol",
        numbers(page, pages).map((each) =>
          each === null
            ? h("li", { class: "gap", "aria-hidden": "true" }, "…")
            : h(
                "li",
                h(
                  "a",
                  {
                    href: link({ page: each }),
                    "aria-label": `Page ${each}`,
                    "aria-current": each === page && "page",
                  },
                  count(each),
                ),
              ),
        ),
      ),
      step("Next page", "right", page < pages ? page + 1 : null),
    );
    /** @type {HTMLElement | null} */
    const here = this.element.querySelector("[aria-current]");
    if (hadFocus) here?.focus({ preventScroll: true });
  }
}

/**
 * @param {string} words
 * @param {"left" | "right"} drawing
 * @param {number | null} page
 */
function step(words, drawing, page) {
  const props = { class: "step", "aria-label": words };
  return page === null
    ? h("a", { ...props, role: "link", "aria-disabled": "true" }, icon(drawing))
    : h("a", { ...props, href: link({ page }) }, icon(drawing));
}

/**
 * Give the pages to name: the ends, and those around this one; null stands for those left out.
 *
 * @param {number} page
 * @param {number} pages
 * @returns {(number | null)[]}
 */
function numbers(page, pages) {
  const near = [1, 2, page - 1, page, page + 1, pages].filter((each) => each >= 1 && each <= pages);
  const named = [...new Set(near)].sort((a, b) => a - b);
  return named.flatMap((each, at) => {
    const gap = at > 0 ? each - named[at - 1] : 1;
    if (gap === 1) return [each];
    return [gap === 2 ? each - 1 : null, each];
  });
}
