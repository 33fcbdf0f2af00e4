// @ts-check
/** What is known of an image that is not there: whether it was deleted, and what people wrote. */

import { call, ProblemError, pathOf } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { standing } from "./telling.js";

const GONE = "This picture was deleted meanwhile.";
const UNKNOWN = "There is no picture of that name here, or its captions are still on their way.";
const DELETED =
  "This picture was deleted. What people wrote of it is kept, and comes back with a picture of its name.";

/** Says why there is nothing to see, and gives the texts that are kept of what was deleted. */
export class Kept {
  /** @type {AbortController | null} */
  #request = null;

  /** @param {string} name the image's */
  constructor(name) {
    this.name = name;
    this.said = h("p", { class: "fault" });
    this.texts = h("div", { class: "versions" });
    this.element = h("div", { class: "kept", role: "status" }, this.said, this.texts);
  }

  /**
   * Tell of it; what is told already is not told again.
   *
   * @param {boolean} wasThere whether it was seen here a moment ago
   */
  async tell(wasThere) {
    if (this.#request) return;
    const request = new AbortController();
    this.#request = request;
    this.#say(wasThere ? GONE : "");
    try {
      const path = pathOf("/api/history/", this.name);
      const { data } = await call("GET", path, { signal: request.signal });
      if (!request.signal.aborted && data.deleted) this.#show(data.versions);
    } catch (fault) {
      if (request.signal.aborted) return;
      if (!(fault instanceof ProblemError)) throw fault;
      if (fault.code !== "nothing_kept") {
        this.#request = null; // it is asked again when the record is
      } else if (!wasThere) {
        this.#say(UNKNOWN);
      }
    }
  }

  /** The image is there again, or nobody looks any more. */
  close() {
    this.#request?.abort();
    this.#request = null;
  }

  /** @param {string} text */
  #say(text) {
    fill(this.said, text && [icon("warning"), text]);
    fill(this.texts);
  }

  /** @param {any[]} versions */
  #show(versions) {
    this.#say(DELETED);
    fill(
      this.texts,
      h("h3", "What was said of it, newest first"),
      h(
        "ol",
        versions.map((each) =>
          h(
            "li",
            h("p", { class: "small quiet" }, standing(each)),
            h("p", { class: "sentence" }, h("bdi", { lang: each.language }, each.text)),
          ),
        ),
      ),
    );
  }
}
