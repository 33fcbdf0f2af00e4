// @ts-check
/** Numbers, moments and codes in words. */

const COUNT = new Intl.NumberFormat("en-GB");
const SHARE = new Intl.NumberFormat("en-GB", { style: "percent" });
const MOMENT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/**
 * What the codes of problems mean to those who look at pictures: in short, and as a sentence.
 *
 * @type {Object<string, [string, string]>}
 */
const PROBLEMS = {
  empty_image: ["Empty file", "The file is empty. Upload the photograph again."],
  unsupported_image: ["Not a known format", "This is not a picture of a kind that can be read."],
  corrupt_image: ["Damaged file", "The file is damaged. Upload another copy of it."],
  image_too_large: ["Too large", "The picture is too large. Upload a smaller copy."],
  image_not_found: ["Image gone", "The image was gone before it could be captioned."],
  captioning_failed: ["Captioning failed", "Captioning did not come to its end."],
  captioner_timeout: ["Took too long", "A captioner took too long."],
  captioner_busy: ["Had no turn", "Too many images waited for a captioner."],
  caption_blocked: ["Caption held back", "A caption was held back for its wording."],
  vision_throttled: ["Azure: waiting", "Azure AI Vision is busy; its caption follows later."],
  vision_unavailable: ["Azure: not reached", "Azure AI Vision was not reached; it is asked again."],
  vision_unauthorized: ["Azure: key refused", "Azure AI Vision refused the app's key."],
  vision_rejected: ["Azure: not taken", "Azure AI Vision does not take this picture."],
  vision_bad_response: ["Azure: odd answer", "Azure AI Vision gave an answer that makes no sense."],
  bundle_missing: ["Our model missing", "The app's own model is not there."],
  bundle_invalid: ["Our model faulty", "The app's own model cannot be opened."],
};

/** @type {Object<string, string>} */
const SOURCES = {
  onnx: "Our model",
  "azure-vision": "Azure AI Vision",
  person: "A person",
  "blob-metadata": "The file's metadata",
  "xmp-alt-text": "Alt text in the file",
  "xmp-extended": "Extended description in the file",
  "dc-description": "Description in the file",
  "iptc-caption": "IPTC caption in the file",
  "exif-description": "EXIF description in the file",
};

/** @param {number} value */
export const count = (value) => COUNT.format(value);

/**
 * Say how many of a thing there are, such as "1 image" or "1,204 images".
 *
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export const counted = (number, one, many = `${one}s`) =>
  `${count(number)} ${number === 1 ? one : many}`;

/** @param {number | null | undefined} value from 0 to 1 */
export const percent = (value) => (typeof value === "number" ? SHARE.format(value) : "unknown");

/** @param {string} moment ISO 8601 */
export const when = (moment) => MOMENT.format(new Date(moment));

/**
 * Name who a text is from.
 *
 * @param {string} source
 */
export const sourceName = (source) => SOURCES[source] ?? source;

/**
 * Name a problem in two or three words.
 *
 * @param {string} code
 */
export const problemName = (code) => PROBLEMS[code]?.[0] ?? code.replaceAll("_", " ");

/**
 * Say what a problem means in a sentence.
 *
 * @param {string} code
 */
export const problemSentence = (code) => PROBLEMS[code]?.[1] ?? `Something is wrong: ${code}.`;

/**
 * Say of a fault what a person can act on.
 *
 * @param {unknown} fault
 */
export const sentence = (fault) =>
  fault instanceof Error && "detail" in fault
    ? fault.message
    : "Something went wrong on this page. Load it again.";

/**
 * Cut a name into its folder, with the slash, and the rest.
 *
 * @param {string} name
 * @returns {[string, string]}
 */
export function cutName(name) {
  const at = name.lastIndexOf("/") + 1;
  return [name.slice(0, at), name.slice(at)];
}
