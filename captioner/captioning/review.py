"""Which records a person should look at before their alt text is published."""

import msgspec
from msgspec import UNSET, UnsetType

from captioner.records import Caption, CaptionRecord


def is_strange(caption: Caption, novelty_threshold: float | None) -> bool:
    """Tell whether the picture is too unlike those that the caption's model learnt from."""
    return (
        novelty_threshold is not None
        and caption.novelty is not UNSET
        and caption.novelty > novelty_threshold
    )


def needs_review(
    own: Caption | None, *, review_threshold: float | None, novelty_threshold: float | None
) -> bool | UnsetType:
    """Judge a record by its own caption, as long as no person stands behind its text.

    A caption of a strange picture needs review, and one whose confidence is below the threshold.
    Absent where there is no own caption, or its model sets no threshold to judge it by.
    """
    if own is None or (review_threshold is None and novelty_threshold is None):
        return UNSET
    unsure = (
        review_threshold is not None
        and own.confidence is not None
        and own.confidence < review_threshold
    )
    return unsure or is_strange(own, novelty_threshold)


def reviewed(record: CaptionRecord) -> CaptionRecord:
    """Give a record the judgement that its human text calls for, if it has one.

    Such a text needs no review, unless it was written for an image since replaced by another.
    """
    if record.alt_text is None or not record.alt_text.is_human:
        return record
    return msgspec.structs.replace(record, needs_review=record.alt_text.stale is True)
