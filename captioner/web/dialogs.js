// @ts-check
/** Questions that wait for an answer. */

import { h } from "./dom.js";

/**
 * Ask whether to go on. Escape and the first button say no.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {import("./dom.js").Child} question.text what will happen
 * @param {string} question.action what the button that says yes says
 * @param {boolean} [question.danger] for what cannot be undone
 * @returns {Promise<boolean>}
 */
export async function confirmed({ title, text, action, danger = false }) {
  const said = await chosen({
    title,
    text,
    answers: [
      { value: "", words: "Cancel" },
      { value: "yes", words: action, kind: danger ? "danger" : "primary" },
    ],
  });
  return said === "yes";
}

/**
 * Ask for one of several answers; Escape gives the first.
 *
 * @param {object} question
 * @param {string} question.title
 * @param {import("./dom.js").Child} question.text
 * @param {{value: string, words: string, kind?: string}[]} question.answers
 * @returns {Promise<string>}
 */
export function chosen({ title, text, answers }) {
  const dialog = h(
    "dialog",
    { class: "sheet narrow", "aria-labelledby": "question", "aria-describedby": "consequence" },
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "question" }, title),
      h("div", { id: "consequence" }, text),
      h(
        "div",
        { class: "actions" },
        answers.map(({ value, words, kind = "" }) =>
          h("button", { class: `button ${kind}`, value }, words),
        ),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue || answers[0].value);
    });
  });
}
