// @ts-check
/** The ways in for photographs: dropped anywhere, or chosen as files or as a folder. */

import { prefixOf } from "./chips.js";
import { announce, h, icon } from "./dom.js";
import { chosenFrom, droppedFrom, looksLikePicture } from "./folders.js";
import { notice } from "./notices.js";
import { current } from "./state.js";
import { Tray } from "./tray.js";
import { counted, sentence } from "./words.js";

const BREATH = 200; // files between two moments in which the page can answer

let made = 0;
/** @type {Tray | null} */
let tray = null;

/**
 * Send files, each under its name in a folder.
 *
 * @param {Iterable<import("./folders.js").Chosen> | AsyncIterable<import("./folders.js").Chosen>} files
 * @param {string} folder "" or ending with a slash
 */
export async function send(files, folder) {
  tray ??= new Tray();
  let [pictures, others] = [0, 0];
  try {
    for await (const { file, name } of files) {
      if (looksLikePicture(file)) {
        pictures += 1;
        tray.add(file, folder + name);
      } else {
        others += 1;
        tray.leaveOut(name);
      }
      if ((pictures + others) % BREATH === 0) await new Promise((next) => setTimeout(next));
    }
    notice("upload", pictures + others ? "" : "There is no file in that.");
  } catch (fault) {
    reportError(fault);
    notice("upload", "Some of it could not be read. Choose the files with the Upload button.");
  }
  const leftOut = others
    ? ` ${counted(others, "file is", "files are")} no picture and left out.`
    : "";
  if (pictures) announce(`Uploading ${counted(pictures, "picture")}.${leftOut}`);
  else if (leftOut) announce(leftOut.trim());
}

/** Open the dialog in which files are chosen. */
export function openUpload() {
  const dialog = h("dialog", { class: "sheet", "aria-labelledby": "upload-title" });
  const close = () => dialog.close();
  const { folder, buttons } = choosing(close);
  dialog.append(
    h(
      "form",
      { method: "dialog" },
      h("h2", { id: "upload-title" }, "Upload photographs"),
      h("p", "Choose files or a whole folder, or drop them anywhere on this page at any time."),
      folder,
      buttons,
      h("div", { class: "actions" }, h("button", { class: "button plain" }, "Cancel")),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** Make what stands on the wall while the collection is empty. */
export function dropZone() {
  const { folder, buttons } = choosing(() => {});
  return h(
    "div",
    { class: "empty drop-zone" },
    icon("picture"),
    h("h1", "Drop photographs or folders here"),
    h(
      "p",
      "Each gets a caption within seconds; you correct it, approve it, and take it to where your ",
      "collection lives.",
    ),
    buttons,
    folder,
  );
}

/** Take what is dropped anywhere on the page. */
export function takeDrops() {
  const hint = h(
    "div",
    { class: "drop-hint", hidden: true, "aria-hidden": "true" },
    icon("upload"),
    h("p"),
  );
  document.body.append(hint);
  let depth = 0; // of elements entered and not left
  const hide = () => {
    depth = 0;
    hint.hidden = true;
  };
  addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth += 1;
    const { prefix } = current();
    /** @type {HTMLElement} */ (hint.lastElementChild).textContent = prefix
      ? `Drop to upload into ${prefix}`
      : "Drop to upload";
    hint.hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth -= 1;
    if (depth <= 0) hide();
  });
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    /** @type {DataTransfer} */ (event.dataTransfer).dropEffect = "copy";
  });
  addEventListener("drop", (event) => {
    hide();
    if (!event.dataTransfer || !hasFiles(event)) return;
    event.preventDefault();
    send(droppedFrom(event.dataTransfer), folderOf(current().prefix));
  });
}

/**
 * Make the field for the folder and the buttons for files and folders.
 *
 * @param {() => void} onChosen
 */
function choosing(onChosen) {
  made += 1;
  const into = h("input", {
    id: `into-${made}`,
    class: "field",
    placeholder: "None",
    maxlength: "900",
    autocomplete: "off",
    value: folderOf(current().prefix),
  });
  const field = (/** @type {object} */ props) => {
    const input = h("input", { type: "file", hidden: true, multiple: true, ...props });
    input.addEventListener("change", () => {
      const files = chosenFrom(/** @type {FileList} */ (input.files));
      input.value = "";
      onChosen();
      send(files, prefixOf(into.value)).catch((fault) => notice("upload", sentence(fault)));
    });
    return input;
  };
  const [files, folders] = [
    field({ "aria-label": "Photographs", accept: "image/*,.heic,.heif,.avif,.tif,.tiff" }),
    field({ "aria-label": "Folder of photographs", webkitdirectory: true }),
  ];
  return {
    folder: h(
      "div",
      { class: "into" },
      h("label", { for: into.id }, "Into folder ", h("span", { class: "quiet" }, "(optional)")),
      into,
    ),
    buttons: h(
      "div",
      { class: "choose" },
      button("picture", "Choose files", () => files.click(), "primary"),
      button("folder", "Choose a folder", () => folders.click()),
      files,
      folders,
    ),
  };
}

/**
 * @param {keyof typeof import("./icons.js").ICONS} drawing
 * @param {string} words
 * @param {() => void} click
 * @param {string} [kind]
 */
function button(drawing, words, click, kind = "") {
  return h(
    "button",
    { class: `button ${kind}`, type: "button", on: { click } },
    icon(drawing),
    words,
  );
}

/**
 * Give the folder that the wall keeps to; a beginning of names that ends within one is none.
 *
 * @param {string} prefix
 */
const folderOf = (prefix) => prefix.slice(0, prefix.lastIndexOf("/") + 1);

/** @param {DragEvent} event */
const hasFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;
