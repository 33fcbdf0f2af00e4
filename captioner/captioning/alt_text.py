"""The one text that people publish with an image: a captioner proposes it, a person has the say."""

import msgspec
from msgspec import UNSET

from captioner.captioning.review import is_strange, reviewed
from captioner.records import Caption, CaptionRecord, ImageFacts


def choose_alt_text(
    own: Caption | None,
    vision: Caption | None,
    *,
    threshold: float | None,
    novelty_threshold: float | None = None,
) -> Caption | None:
    """Give the caption that serves as alt text, or None where there is none.

    The own one where its confidence reaches `threshold` and the picture is not strange to its
    model, else Vision's, else the own one after all. `threshold` is None while the model that sets
    it cannot be opened.
    """
    if own is None or vision is None:
        return own or vision
    sure = threshold is not None and own.confidence is not None and own.confidence >= threshold
    return own if sure and not is_strange(own, novelty_threshold) else vision


def inherit(record: CaptionRecord, previous: CaptionRecord | None) -> CaptionRecord:
    """Give a new record what it takes over from the one before it: what people have written.

    Human alt text stays, marked as stale once the image is another. `history` is carried along
    unchanged: it keeps texts that a person published and later replaced. A machine's text that
    gives way to another is not kept there: nobody stood behind it, the model can make it again,
    and each new model would bury the human versions.
    """
    if previous is None:
        return record
    before, proposed = previous.alt_text, record.alt_text
    if before is not None and before.is_human:
        same = _same_image(record.image, previous.image)
        proposed = before if same else msgspec.structs.replace(before, stale=True)
    elif before is not None and proposed is not None:
        unchanged = (before.text, before.source) == (proposed.text, proposed.source)
        proposed = before if unchanged else proposed
    return reviewed(
        msgspec.structs.replace(
            record, alt_text=proposed, history=previous.history, created=previous.created
        )
    )


def _same_image(image: ImageFacts, other: ImageFacts) -> bool:
    """Tell by version or by bytes; what was too large to be read has no checksum to compare."""
    return image.etag == other.etag or (image.sha256 is not UNSET and image.sha256 == other.sha256)
