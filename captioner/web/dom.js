// @ts-check
/** Elements made without markup: whatever a name or a caption holds, it is text. */

import { ICONS } from "./icons.js";

/**
 * @typedef {Node | string | number | null | undefined | false | Child[]} Child
 * @typedef {{[name: string]: unknown, on?: Object<string, (event: any) => void>,
 *   style?: Object<string, string | number>}} Props
 */

/**
 * Make an element.
 *
 * Props are attributes by name: `true` sets an empty one, `false`, `null` and `undefined` none.
 * `on` holds listeners by event, `style` custom properties (set one by one, as the content security
 * policy wants it). Children are nodes, text, lists of them, or nothing.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Props | Child} [props] may be left out
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, props, ...children) {
  const element = document.createElement(tag);
  if (isProps(props)) {
    set(element, props);
  } else {
    children.unshift(/** @type {Child} */ (props));
  }
  element.append(...nodes(children));
  return element;
}

/**
 * Give a node these children in place of those it has.
 *
 * @template {Element} Parent
 * @param {Parent} parent
 * @param {...Child} children
 * @returns {Parent}
 */
export function fill(parent, ...children) {
  parent.replaceChildren(...nodes(children));
  return parent;
}

/**
 * Draw an icon as wide as text is high; it is hidden from screen readers, so words go beside it.
 *
 * @param {keyof typeof ICONS} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  for (const line of ICONS[name]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("d", line);
    svg.append(path);
  }
  return svg;
}

const SETTLES_MS = 100; // screen readers miss a text that stands there as soon as its region does

/** @type {number | undefined} */
let announcing;
/** Kept here, as it may have gone with a dialog it was in. @type {HTMLElement | null} */
let region = null;

/**
 * Have a screen reader say a sentence when it has nothing else to say.
 *
 * @param {string} text
 */
export function announce(text) {
  region ??= /** @type {HTMLElement} */ (document.getElementById("announcements"));
  const modal = [...document.querySelectorAll("dialog:modal")].at(-1);
  const place = modal ?? document.body; // what is behind a modal dialog is not read
  if (region.parentElement !== place) place.append(region);
  region.textContent = "";
  clearTimeout(announcing);
  const said = region;
  announcing = setTimeout(() => {
    said.textContent = text;
  }, SETTLES_MS);
}

/**
 * @param {Element} element
 * @param {Props} props
 */
function set(element, { on = {}, style = {}, ...attributes }) {
  for (const [event, listener] of Object.entries(on)) element.addEventListener(event, listener);
  for (const [property, value] of Object.entries(style)) {
    /** @type {HTMLElement} */ (element).style.setProperty(property, String(value));
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (isThere(value)) element.setAttribute(name, String(value));
  }
}

/** @param {unknown} value */
const isThere = (value) => value !== null && value !== undefined && value !== false;

/**
 * @param {unknown} value
 * @returns {value is Props}
 */
function isProps(value) {
  return Object.prototype.toString.call(value) === "[object Object]" && !(value instanceof Node);
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function nodes(children) {
  const flat = /** @type {unknown[]} */ (children).flat(Infinity);
  return flat.filter(isThere).map((each) => (each instanceof Node ? each : String(each)));
}
