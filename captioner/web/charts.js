// @ts-check
/** Two drawings of how captions fared; tables beside them say the same. */

import { wilson } from "./shares.js";
import { count, percent } from "./words.js";

/**
 * @typedef {{from: number, to: number, proposed: number, mean_confidence: number, approved: number}} Bin
 * @typedef {{month: string, judged: number, proposed: number, approved: number, mean_distance: number}} Month
 * @typedef {[number, number]} Point
 */

const SPACE = "http://www.w3.org/2000/svg";
const [LEFT, RIGHT, TOP, BOTTOM] = [40, 20, 32, 40];
const TICKS = [0, 0.25, 0.5, 0.75, 1];
const [LEAST_DOT, MOST_DOT] = [3, 9];

/**
 * Draw confidence against approval: on the diagonal, confidence is what it says.
 *
 * @param {Bin[]} bins
 * @param {string} label what the drawing shows, in a sentence
 */
export function calibrationPlot(bins, label) {
  const side = 260;
  /** @type {(x: number, y: number) => Point} */
  const place = (x, y) => [LEFT + x * side, TOP + (1 - y) * side];
  const most = Math.max(1, ...bins.map((each) => each.proposed));
  const told = bins.filter((each) => each.proposed > 0);
  return drawing(
    [LEFT + side + RIGHT, TOP + side + BOTTOM],
    label,
    grid(place, side),
    TICKS.map((each) => words(place(each, 0), [0, 18], percent(each), "middle")),
    words(place(0.5, 0), [0, 35], "Confidence", "middle axis"),
    words([0, TOP], [0, -18], "Approved untouched", "axis"),
    line(place(0, 0), place(1, 1), "diagonal"),
    told.map(({ mean_confidence: x, proposed, approved }) => {
      const [low, high] = wilson(approved, proposed);
      const [cx, cy] = place(x, approved / proposed);
      const r = LEAST_DOT + (MOST_DOT - LEAST_DOT) * Math.sqrt(proposed / most);
      return [
        line(place(x, low), place(x, high), "spread"),
        s("circle", { cx, cy, r, class: "dot" }),
      ];
    }),
  );
}

/**
 * Draw a bar a month: how many were proposed, and how many of these were approved untouched.
 *
 * @param {Month[]} months
 * @param {string} label what the drawing shows, in a sentence
 */
export function monthBars(months, label) {
  const [wide, high] = [Math.max(260, months.length * 34), 190];
  const most = Math.max(1, ...months.map((each) => each.proposed));
  /** @type {(x: number, y: number) => Point} */
  const place = (x, y) => [LEFT + x * wide, TOP + (1 - y) * high];
  const step = 1 / months.length;
  const bar = Math.min(0.7 * step * wide, 40);
  return drawing(
    [LEFT + wide + RIGHT, TOP + high + BOTTOM],
    label,
    [0, 1].map((each) => [
      line(place(0, each), place(1, each), "grid"),
      words(place(0, each), [-6, 4], count(Math.round(each * most)), "end"),
    ]),
    months.map(({ month, proposed, approved }, at) => {
      const [middle] = place((at + 0.5) * step, 0);
      const block = (/** @type {number} */ number, /** @type {string} */ name) => {
        const [, y] = place(0, number / most);
        return s("rect", {
          x: middle - bar / 2,
          y,
          width: bar,
          height: TOP + high - y,
          class: name,
        });
      };
      return [
        block(proposed, "proposed"),
        block(approved, "approved"),
        proposed > 0 &&
          words(
            [middle, place(0, proposed / most)[1]],
            [0, -4],
            percent(approved / proposed),
            "middle",
          ),
        words([middle, TOP + high], [0, 16], month.slice(5), "middle"),
        (at === 0 || month.endsWith("-01")) &&
          words([middle, TOP + high], [0, 32], month.slice(0, 4), "middle axis"),
      ];
    }),
  );
}

/**
 * @param {(x: number, y: number) => Point} place
 * @param {number} side
 */
function grid(place, side) {
  return [
    s("rect", { x: LEFT, y: TOP, width: side, height: side, class: "plot" }),
    TICKS.map((each) => [
      line(place(0, each), place(1, each), "grid"),
      words(place(0, each), [-6, 4], percent(each), "end"),
    ]),
  ];
}

/**
 * @param {[number, number]} size
 * @param {string} label
 * @param {...any} children
 */
function drawing([wide, high], label, ...children) {
  const box = `0 0 ${wide} ${high}`;
  const svg = s(
    "svg",
    { viewBox: box, role: "img", "aria-label": label, class: "chart" },
    ...children,
  );
  /** @type {SVGSVGElement} */ (svg).style.setProperty("--wide", `${wide}px`);
  return svg;
}

/**
 * @param {Point} from
 * @param {Point} to
 * @param {string} name
 */
function line([x1, y1], [x2, y2], name) {
  return s("line", { x1, y1, x2, y2, class: name });
}

/**
 * @param {Point} at
 * @param {Point} off
 * @param {string} text
 * @param {string} name
 */
function words([x, y], [dx, dy], text, name) {
  return s("text", { x: x + dx, y: y + dy, class: name }, text);
}

/**
 * @param {string} tag
 * @param {Object<string, string | number>} attributes
 * @param {...any} children
 */
function s(tag, attributes, ...children) {
  const element = document.createElementNS(SPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children.flat(Infinity).filter(Boolean));
  return element;
}
