"""The one text that people publish with an image: a captioner proposes it, a person has the say."""

import msgspec
from msgspec import UNSET

from captioner.captioning.descriptions import (
    CAME_WITH_IMAGE,
    alt_text_brought_by,
    alt_texts_of,
)
from captioner.captioning.review import is_strange, reviewed
from captioner.records import (
    AltText,
    Caption,
    CaptionRecord,
    Description,
    ImageFacts,
)


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
    """Give a new record the alt text it is to have, and what it takes over from the one before it.

    What a person wrote or decided here stays, whatever the image brings. Text that came with the
    image is published when it is new, in place of a machine's or of one that came earlier; once a
    person has taken it back, the same text is not published again. Human text is stale once the
    image is another, unless that one brings the very text.

    `history` keeps texts that somebody stood behind, the latest first. A machine's text that gives
    way to another is not kept there: the model can make it again, and each new model would bury the
    human versions.
    """
    if previous is None:
        brought = alt_text_brought_by(record)
        return record if brought is None else _with(record, _adopted(brought, record))
    before = previous.alt_text
    same = _same_image(record.image, previous.image)
    if before is not None and before.is_human:
        after: AltText | None = _after_human(before, record, previous, same=same)
    else:
        after = _after_machine(before, record, previous)
    return _with(
        msgspec.structs.replace(
            record,
            descriptions=previous.descriptions
            if same and record.descriptions is UNSET
            else record.descriptions,
            history=_history(previous, after),
            created=previous.created,
        ),
        after,
    )


def _after_human(
    before: AltText, record: CaptionRecord, previous: CaptionRecord, *, same: bool
) -> AltText:
    texts = {each.text for each in alt_texts_of(record)}
    brought = alt_text_brought_by(record)
    # One that a person has approved here since is a decision like any other.
    came_with_image = before.source in CAME_WITH_IMAGE and before.judged is UNSET
    if came_with_image and brought is not None and brought.text != before.text:
        is_gone = before.text not in texts
        if is_gone or _is_new(brought, previous):
            return _adopted(brought, record)
    if before.text in texts:
        return msgspec.structs.replace(before, stale=UNSET)
    return before if same else msgspec.structs.replace(before, stale=True)


def _after_machine(
    before: AltText | None, record: CaptionRecord, previous: CaptionRecord
) -> AltText | None:
    brought, proposed = alt_text_brought_by(record), record.alt_text
    if brought is not None and _is_new(brought, previous):
        return _adopted(brought, record)
    if before is None or proposed is None:
        return proposed
    if (before.text, before.source) != (proposed.text, proposed.source):
        return proposed
    return msgspec.structs.replace(proposed, updated=before.updated)


def _history(previous: CaptionRecord, after: AltText | None) -> tuple[AltText, ...]:
    before = previous.alt_text
    if before is None or not before.is_human or (after and after.text == before.text):
        return previous.history
    return (before, *previous.history)


def _with(record: CaptionRecord, alt_text: AltText | None) -> CaptionRecord:
    return reviewed(msgspec.structs.replace(record, alt_text=alt_text))


def _is_new(brought: Description, previous: CaptionRecord) -> bool:
    return brought.text not in {each.text for each in alt_texts_of(previous)}


def _adopted(brought: Description, record: CaptionRecord) -> AltText:
    return AltText(
        brought.text,
        brought.origin,
        "approved",
        by=None,
        updated=record.updated,
        language=brought.language,
    )


def _same_image(image: ImageFacts, other: ImageFacts) -> bool:
    """Tell by version or by bytes; what was too large to be read has no checksum to compare."""
    return image.etag == other.etag or (image.sha256 is not UNSET and image.sha256 == other.sha256)
