// @ts-check
/** What was dropped or chosen, folders walked: files with the names that they are to have. */

/** @typedef {{file: File, name: string}} Chosen */

const PICTURES =
  /\.(jpe?g|jfif|png|gif|webp|avif|heic|heif|hif|tiff?|bmp|jp2|j2k|jpx|ico|tga|psd|svg)$/i;
const JUNK = /(^|\/)(\.[^/]*|Thumbs\.db|desktop\.ini|__MACOSX\/.*)$/i;

/**
 * Tell whether a file looks like a picture; the app has the last word.
 *
 * @param {File} file
 */
export const looksLikePicture = (file) =>
  file.type.startsWith("image/") || PICTURES.test(file.name);

/**
 * Give the files of a file field; those of a folder have its name before theirs.
 *
 * @param {FileList} files
 * @returns {Chosen[]}
 */
export function chosenFrom(files) {
  return [...files]
    .map((file) => ({ file, name: file.webkitRelativePath || file.name }))
    .filter(({ name }) => !JUNK.test(name));
}

/**
 * Give the files that were dropped, as folders are walked.
 *
 * @param {DataTransfer} dropped is emptied once its event is over, so this begins at once
 * @returns {Iterable<Chosen> | AsyncIterable<Chosen>}
 */
export function droppedFrom(dropped) {
  const items = [...dropped.items].filter(({ kind }) => kind === "file");
  const entries = items.map((each) => each.webkitGetAsEntry());
  return entries.some((each) => each?.isDirectory) ? walk(entries) : chosenFrom(dropped.files);
}

/**
 * @param {(FileSystemEntry | null)[]} entries
 * @returns {AsyncGenerator<Chosen>}
 */
async function* walk(entries) {
  for (const entry of entries) {
    if (!entry) continue;
    const name = entry.fullPath.replace(/^\//, "");
    if (JUNK.test(name)) continue;
    if (entry.isDirectory) {
      const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
      // A reader gives a hundred or so at a time, and nothing once it is through.
      for (let some = await read(reader); some.length; some = await read(reader)) yield* walk(some);
    } else {
      yield { file: await fileOf(/** @type {FileSystemFileEntry} */ (entry)), name };
    }
  }
}

/** @param {FileSystemDirectoryReader} reader @returns {Promise<FileSystemEntry[]>} */
const read = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));

/** @param {FileSystemFileEntry} entry @returns {Promise<File>} */
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));
