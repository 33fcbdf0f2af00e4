// @ts-check
/** What each captioner says of a picture, side by side, and what was written of it before. */

import { h } from "./dom.js";
import { duration, placeOf, time, troubledName } from "./telling.js";
import { percent, sourceName } from "./words.js";

/**
 * @typedef {object} Caption as `GET /api/captions` gives it
 * @property {string} source
 * @property {string} text
 * @property {number | null} confidence
 * @property {string} language
 * @property {{name: string, version: string}} model
 * @property {{text: string, confidence: number | null}[]} [alternatives]
 * @property {{name: string, confidence: number | null}[]} [tags]
 * @property {number} elapsed_ms
 * @property {string} created
 *
 * @typedef {object} Said
 * @property {Caption[]} captions
 * @property {number} [agreement]
 * @property {{origin: string, text: string, language?: string}[]} [descriptions]
 * @property {{text: string} | null} alt_text
 *
 * @typedef {(text: string) => void} Use puts a text into the editor
 */

/**
 * Show the captions of a record, how far they agree, and what came with the image.
 *
 * @param {Said} record
 * @param {Use} use
 * @returns {import("./dom.js").Child[]}
 */
export function captionsOf(record, use) {
  const { captions, agreement, descriptions = [], alt_text: altText } = record;
  return [
    captions.length > 0 &&
      h(
        "section",
        { "aria-labelledby": "captions-title" },
        h("h3", { id: "captions-title" }, "What the captioners say"),
        h(
          "div",
          { class: "captions" },
          captions.map((each) => captionCard(each, altText, use)),
        ),
        agreement !== undefined &&
          h("div", { class: "agreement small" }, meter("Agreement of the two", agreement)),
      ),
    descriptions.length > 0 &&
      h(
        "section",
        { "aria-labelledby": "descriptions-title" },
        h("h3", { id: "descriptions-title" }, "Written before it came here"),
        h(
          "ul",
          { class: "texts" },
          descriptions.map(({ origin, text, language }) =>
            h(
              "li",
              h("p", h("span", { class: "quiet" }, `${placeOf(origin)}: `), said(text, language)),
              useButton(text, use),
            ),
          ),
        ),
      ),
  ];
}

/**
 * Show the problems of a record, each as a sentence with what happens next.
 *
 * @param {any[]} problems
 * @returns {HTMLElement | null}
 */
export function problemsOf(problems) {
  if (problems.length === 0) return null;
  return h(
    "ul",
    { class: "problems", "aria-label": "Problems" },
    problems.map(({ source, message, retry_after: again }) =>
      h(
        "li",
        h("strong", troubledName(source), ": "),
        h("bdi", message),
        again && [" It is tried again after ", time(again), "."],
      ),
    ),
  );
}

/**
 * @param {Caption} caption
 * @param {{text: string} | null} altText
 * @param {Use} use
 */
function captionCard(caption, altText, use) {
  const { source, text, confidence, language, model, alternatives = [], tags = [] } = caption;
  const name = sourceName(source);
  return h(
    "article",
    { class: "caption", "aria-label": name },
    h("h4", name, altText?.text === text && h("span", { class: "tag" }, "The alt text")),
    h("p", { class: "sentence" }, said(text, language)),
    meter("Confidence", confidence),
    useButton(text, use),
    alternatives.length > 0 && [
      h("h5", "Also considered"),
      h(
        "ul",
        { class: "texts" },
        alternatives.map((each) =>
          h(
            "li",
            h(
              "p",
              said(each.text, language),
              h("span", { class: "share" }, shareOf(each.confidence)),
            ),
            useButton(each.text, use),
          ),
        ),
      ),
    ],
    tags.length > 0 && [
      h("h5", "Seen in it"),
      h(
        "ul",
        { class: "tags" },
        tags.map((each) =>
          h(
            "li",
            { class: "tag" },
            h("bdi", each.name),
            " ",
            h("span", { class: "share" }, shareOf(each.confidence)),
          ),
        ),
      ),
    ],
    h(
      "p",
      { class: "making small quiet" },
      h("bdi", model.name),
      " ",
      h("bdi", model.version),
      ` · ${duration(caption.elapsed_ms)} · `,
      time(caption.created),
    ),
  );
}

/**
 * A share as a bar and a number; one that nobody knows is told so.
 *
 * @param {string} label
 * @param {number | null} value from 0 to 1
 */
function meter(label, value) {
  if (value === null) {
    return h(
      "p",
      { class: "meter small" },
      h("span", label),
      h("span", { class: "quiet" }, "not told"),
    );
  }
  return h(
    "p",
    { class: "meter small" },
    h("span", label),
    h("span", { class: "bar", "aria-hidden": "true", style: { "--filled": value } }),
    h("span", { class: "share" }, percent(value)),
  );
}

/** @param {number | null} value */
const shareOf = (value) => (value === null ? "not told" : percent(value));

/**
 * @param {string} text
 * @param {string} [language]
 */
const said = (text, language) => h("bdi", { lang: language }, text);

/**
 * @param {string} text
 * @param {Use} use
 */
function useButton(text, use) {
  const label = `Use this text: ${text}`;
  return h(
    "button",
    { type: "button", class: "use", "aria-label": label, on: { click: () => use(text) } },
    "Use this text",
  );
}
