// @ts-check
/** The head of the page: its name, the search, the views, and the way in for photographs. */

import { fill, h, icon } from "./dom.js";
import { onListing } from "./live.js";
import { isShortcut, showShortcuts } from "./shortcuts.js";
import { current, go, link, onChange } from "./state.js";
import { openUpload } from "./upload.js";
import { count } from "./words.js";

const TYPED_MS = 300; // without another letter

/** What belongs to one search or one list, and not to the next. */
const AFRESH = { image: "", q: "", status: "", problem: "", review: "", sort: "", page: 1 };

/**
 * Fill the header, and keep it as the address bar says.
 *
 * @param {HTMLElement} root
 */
export function openHeader(root) {
  const pending = h("span", { class: "count" });
  const views = [
    { view: "", anchor: h("a", icon("wall"), "Wall") },
    { view: "review", anchor: h("a", icon("queue"), "Review queue", pending) },
    { view: "quality", anchor: h("a", icon("chart"), "Quality") },
  ];
  const search = searchBox();
  fill(
    root,
    h("a", { class: "brand", href: "/" }, "captioner"),
    search.element,
    h(
      "nav",
      { "aria-label": "Views" },
      views.map(({ anchor }) => anchor),
    ),
    h(
      "div",
      { class: "ways" },
      h(
        "button",
        {
          class: "button plain icon-only",
          type: "button",
          "aria-label": "Keys",
          title: "Keys (?)",
          on: { click: showShortcuts },
        },
        icon("help"),
      ),
      h(
        "button",
        { class: "button primary", type: "button", on: { click: openUpload } },
        icon("upload"),
        "Upload",
      ),
    ),
  );

  const update = () => {
    const state = current();
    for (const { view, anchor } of views) {
      anchor.href = link({ ...AFRESH, view });
      if (state.view === view) anchor.setAttribute("aria-current", "page");
      else anchor.removeAttribute("aria-current");
    }
    search.update(state.q);
  };
  onChange(update);
  update();
  onListing(({ counts }) => {
    if (!counts.pending) return void fill(pending);
    fill(pending, count(counts.pending), h("span", { class: "unseen" }, " to review"));
  });
  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event) || document.querySelector("dialog:modal")) return;
    if (event.key === "?") showShortcuts();
    else if (event.key === "/") search.focus();
    else return;
    event.preventDefault();
  });
}

function searchBox() {
  const field = h("input", {
    type: "search",
    class: "field",
    name: "q",
    maxlength: "1000",
    placeholder: "Describe a picture",
    "aria-label": "Search",
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    enterkeyhint: "search",
  });
  let told = ""; // what the address bar and the field agree on
  /** @type {number | undefined} */
  let typed;
  const find = () => {
    clearTimeout(typed);
    const [before, q] = [current(), field.value.trim()];
    told = q;
    if (before.q === q && before.view === "") return;
    // The letters of one search are one step of the browser's history.
    go({ ...AFRESH, view: "", prefix: "", q }, { replace: Boolean(before.q && q) });
  };
  field.addEventListener("input", () => {
    clearTimeout(typed);
    typed = setTimeout(find, TYPED_MS);
  });
  const element = h(
    "form",
    {
      class: "search",
      role: "search",
      on: {
        submit: (event) => {
          event.preventDefault();
          find();
        },
      },
    },
    icon("search"),
    field,
  );
  return {
    element,
    focus: () => field.select(),
    /** @param {string} q */
    update(q) {
      if (q === told) return;
      told = q;
      field.value = q;
    },
  };
}
