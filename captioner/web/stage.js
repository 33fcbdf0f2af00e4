// @ts-check
/** A picture as large as there is room, with a canvas over it. */

import { fill, h } from "./dom.js";
import { picture } from "./pictures.js";

const VERSION_DIGITS = 16;
const PLAIN = { width: 4, height: 3 }; // the shape of the place of a picture that cannot be read

/** Shows one image, and another once its bytes are. */
export class Stage {
  #shown = "";

  /** @param {string} name the image's */
  constructor(name) {
    this.name = name;
    this.overlay = h("canvas", { class: "light", "aria-hidden": "true" });
    this.frame = h("div", { class: "photo" });
    this.element = h("div", { class: "stage" }, this.frame);
  }

  /**
   * Take a version of the record.
   *
   * @param {any} record
   */
  show(record) {
    const { sha256, etag, width, height } = record.image;
    const shown = JSON.stringify([sha256 ?? etag, width, height]);
    if (shown !== this.#shown) {
      this.#shown = shown;
      const version = sha256?.slice(0, VERSION_DIGITS);
      const shape = width && height ? { width, height } : PLAIN;
      this.image = picture({ name: this.name, version, ...shape }, "large");
      this.frame.style.setProperty("--wide", String(shape.width));
      this.frame.style.setProperty("--high", String(shape.height));
      fill(this.frame, this.image, this.overlay);
    }
    if (this.image && this.image.dataset.state !== "broken") {
      this.image.alt = record.alt_text?.text ?? "This picture has no alt text yet.";
    }
  }
}
