// @ts-check
/** How good the captioners are, by what people made of their captions. */

import { call, ProblemError } from "./api.js";
import { calibrationPlot, monthBars } from "./charts.js";
import { fill, h, icon } from "./dom.js";
import { ENOUGH, wilson } from "./shares.js";
import { link } from "./state.js";
import { count, counted, percent, sourceName } from "./words.js";

/**
 * @typedef {import("./charts.js").Bin} Bin
 * @typedef {import("./charts.js").Month} Month
 *
 * @typedef {object} Fared
 * @property {string} source
 * @property {{name: string, version: string}} model
 * @property {number} judged
 * @property {number} proposed
 * @property {number} approved
 * @property {number} mean_distance
 * @property {Month[]} months
 * @property {Bin[]} calibration
 */

/**
 * Open the quality view.
 *
 * @param {HTMLElement} root
 */
export function open(root) {
  const request = new AbortController();
  const body = h("div", { class: "body", "aria-busy": "true" });
  const element = h(
    "div",
    { class: "quality" },
    h("h1", "Quality"),
    h(
      "p",
      { class: "lead" },
      "How the captioners fared with the people who reviewed them. ",
      "A caption that was published word for word counts as approved untouched.",
    ),
    body,
  );
  root.append(element);

  const load = async () => {
    fill(body, h("p", { class: "quiet", role: "status" }, "Counting…"));
    try {
      const { data } = await call("GET", "/api/quality", { signal: request.signal });
      if (!request.signal.aborted) fill(body, report(data));
    } catch (fault) {
      if (request.signal.aborted) return;
      if (!(fault instanceof ProblemError)) throw fault;
      const again = { type: "button", class: "button", on: { click: load } };
      fill(
        body,
        h("p", { class: "fault", role: "alert" }, fault.detail),
        h("button", again, icon("retry"), "Try again"),
      );
    }
    body.removeAttribute("aria-busy");
  };
  load();
  return { update() {}, close: () => request.abort() };
}

/** @param {{reviewed: number, stale: number, captioners: Fared[]}} quality */
function report({ reviewed, stale, captioners }) {
  if (reviewed === 0) {
    return h(
      "div",
      { class: "empty" },
      icon("chart"),
      h("h2", "Nothing has been reviewed yet"),
      h(
        "p",
        `Review some pictures, ${ENOUGH} at the least, and this page tells how good the captions are.`,
      ),
      h(
        "a",
        { class: "button primary", href: link({ view: "review", image: "" }) },
        icon("queue"),
        "Review pictures",
      ),
    );
  }
  return [
    h(
      "p",
      `People have reviewed ${counted(reviewed, "text")}.`,
      stale > 0 &&
        ` ${counted(stale, "text is", "texts are")} of an image that has since been replaced, and not counted.`,
    ),
    captioners.map((each, at) => captionerReport(each, `captioner-${at}`)),
  ];
}

/**
 * @param {Fared} fared
 * @param {string} id
 */
function captionerReport(fared, id) {
  const { source, model, judged, proposed, approved, mean_distance: distance } = fared;
  const name = sourceName(source);
  return h(
    "section",
    { class: "captioner", "aria-labelledby": id },
    h(
      "h2",
      { id },
      name,
      " ",
      h("span", { class: "model small quiet" }, h("bdi", model.name), " ", h("bdi", model.version)),
    ),
    proposed < ENOUGH &&
      h(
        "p",
        { class: "few" },
        icon("warning"),
        `Only ${counted(proposed, "text")} of this captioner's ${proposed === 1 ? "was" : "were"} reviewed. `,
        `Below ${ENOUGH}, chance decides these figures: review more before you rely on them.`,
      ),
    h(
      "dl",
      { class: "figures" },
      figure(
        "Approved untouched",
        proposed > 0 ? percent(approved / proposed) : "–",
        ...approvedIn(approved, proposed),
      ),
      figure(
        "Words changed",
        judged > 0 ? percent(distance) : "–",
        `on average over ${counted(judged, "caption")}`,
      ),
    ),
    proposed > 0 &&
      h(
        "div",
        { class: "charts" },
        chart(
          "Confidence and approval",
          calibrationPlot(
            fared.calibration,
            `${name}: share approved untouched by confidence. The table below says the same.`,
          ),
          "Dots on the diagonal: the confidence can be taken at its word. Below it the captioner is " +
            "too sure, above it too modest. Lines show the 95% interval; larger dots, more captions.",
          calibrationTable(fared.calibration),
        ),
        chart(
          "Month by month",
          monthBars(
            fared.months,
            `${name}: captions reviewed and approved untouched by month. The table below says the same.`,
          ),
          "The whole bar is what was reviewed, the filled part what was approved untouched.",
          monthTable(fared.months),
        ),
      ),
  );
}

/**
 * @param {number} approved
 * @param {number} proposed
 */
function approvedIn(approved, proposed) {
  if (proposed === 0) return ["it was never the text to review"];
  const [low, high] = wilson(approved, proposed);
  return [
    `${count(approved)} of ${count(proposed)}`,
    `between ${percent(low)} and ${percent(high)}, with 95% certainty`,
  ];
}

/**
 * @param {string} title
 * @param {string} value
 * @param {...string} notes
 */
function figure(title, value, ...notes) {
  return h(
    "div",
    h("dt", title),
    h("dd", { class: "value" }, value),
    notes.map((each) => h("dd", { class: "small quiet" }, each)),
  );
}

/**
 * @param {string} title
 * @param {Node} drawn
 * @param {string} reading
 * @param {HTMLElement} table
 */
function chart(title, drawn, reading, table) {
  return h(
    "div",
    { class: "drawn" },
    h("h3", title),
    drawn,
    h("p", { class: "small quiet" }, reading),
    h(
      "details",
      h("summary", "Show as a table"),
      h(
        "div",
        {
          class: "scroll",
          tabindex: "0",
          role: "region",
          "aria-label": `${title}, as a table`,
        },
        table,
      ),
    ),
  );
}

/** @param {Bin[]} bins */
function calibrationTable(bins) {
  return figures(
    ["Confidence", "Mean", "Reviewed", "Approved untouched", "Share"],
    bins.map(({ from, to, proposed, mean_confidence: mean, approved }) => [
      `${percent(from)} to ${percent(to)}`,
      proposed > 0 ? percent(mean) : "–",
      count(proposed),
      count(approved),
      proposed > 0 ? percent(approved / proposed) : "–",
    ]),
  );
}

/** @param {Month[]} months */
function monthTable(months) {
  return figures(
    ["Month", "Reviewed", "Approved untouched", "Share", "Words changed"],
    months.map(({ month, proposed, approved, mean_distance: distance }) => [
      month,
      count(proposed),
      count(approved),
      proposed > 0 ? percent(approved / proposed) : "–",
      percent(distance),
    ]),
  );
}

/**
 * @param {string[]} headings
 * @param {string[][]} rows
 */
function figures(headings, rows) {
  return h(
    "table",
    h(
      "thead",
      h(
        "tr",
        headings.map((each) => h("th", { scope: "col" }, each)),
      ),
    ),
    h(
      "tbody",
      rows.map(([first, ...others]) =>
        h(
          "tr",
          h("th", { scope: "row" }, first),
          others.map((each) => h("td", each)),
        ),
      ),
    ),
  );
}
