"""What a person's decision makes of a record."""

from collections.abc import Iterator
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from captioner.captioning import Proposal, machine_text, reviewed
from captioner.curation.texts import cleaned
from captioner.records import PERSON, AltText, CaptionRecord, Judged


class _Origin(NamedTuple):
    """Where a text has been before it was published, and what that makes of it."""

    text: str
    source: str
    status: Literal["approved", "edited"]
    language: str | UnsetType


def published(record: CaptionRecord, text: str, *, by: str | None, at: datetime) -> CaptionRecord:
    """Give a record with the text that a person has decided on, which is `cleaned`.

    A text that was there already, as a caption or its alternative, as a description, or as an
    earlier version, is that one's and approved; any other is the person's own. The text before
    becomes history where it was another, and a person's too where its status was another. The
    person has seen the image as it is now, so that no text stays stale.
    """
    before = record.alt_text
    origin = next(
        (each for each in _origins(record) if cleaned(each.text) == text),
        _Origin(text, PERSON, "edited", UNSET),
    )
    after = AltText(
        text,
        origin.source,
        origin.status,
        by=by,
        updated=at,
        language=origin.language,
        judged=_judged(record),
    )
    is_new = before is not None and (
        before.text != text or (before.is_human and before.status != after.status)
    )
    return reviewed(_with_alt_text(record, after, at=at, to_history=is_new))


def handed_back(record: CaptionRecord, proposal: Proposal, *, at: datetime) -> CaptionRecord:
    """Give a record whose alt text is what the captioners propose; the person's is history.

    What no person holds stays as it is.
    """
    if record.alt_text is None or not record.alt_text.is_human:
        return record
    after = machine_text(proposal.caption, at)
    return msgspec.structs.replace(
        _with_alt_text(record, after, at=at, to_history=True), needs_review=proposal.needs_review
    )


def _with_alt_text(
    record: CaptionRecord, alt_text: AltText | None, *, at: datetime, to_history: bool
) -> CaptionRecord:
    before = record.alt_text
    history = (before, *record.history) if before and to_history else record.history
    return msgspec.structs.replace(record, alt_text=alt_text, history=history, updated=at)


def _origins(record: CaptionRecord) -> Iterator[_Origin]:
    """Give what a published text may have been before, that which counts first at first."""
    before = record.alt_text
    proposed = before.source if before else None
    # Two captioners may say the same: the text is then by the one whose it was.
    for caption in sorted(record.captions, key=lambda each: each.source != proposed):
        yield _Origin(caption.text, caption.source, "approved", caption.language)
    for caption in record.captions:
        for other in caption.alternatives:
            yield _Origin(other.text, caption.source, "approved", caption.language)
    for told in record.descriptions or ():
        yield _Origin(told.text, told.origin, "approved", told.language)
    for version in (before, *record.history):
        if version is not None:
            yield _Origin(
                version.text,
                version.source,
                "edited" if version.status == "edited" else "approved",
                version.language,
            )


def _judged(record: CaptionRecord) -> tuple[Judged, ...]:
    """Give the captions as they stand, and which of them was proposed.

    Who edits a text once more, judges no proposal but the one that the first edit did.
    """
    before = record.alt_text
    proposals: set[tuple[str, str]] = set()
    if before is not None and not before.is_human:
        proposals = {(before.source, before.text)}
    elif before is not None and before.stale is not True:
        proposals = {(each.source, each.text) for each in before.judged or () if each.proposed}
    return tuple(
        Judged(
            source=each.source,
            model=each.model,
            text=each.text,
            confidence=each.confidence,
            proposed=(each.source, each.text) in proposals,
        )
        for each in record.captions
    )
