"""What the catalogue keeps of each record, and which of two states of a sidecar is the later.

An `Entry` is the part of a record that lists, filters and search need. A `Change` tells which
version of a sidecar it was taken from; the change log and the snapshot are lines of changes.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from captioner.distance import distance
from captioner.parsing import read
from captioner.records import (
    AltText,
    CaptionRecord,
    Confidence,
    Count,
    ImageFacts,
    ModelName,
    Moment,
    Share,
)

_VERSION_DIGITS = 16
_LAST = datetime.max.replace(tzinfo=UTC)


class EntryAltText(Struct, frozen=True, omit_defaults=True):
    """The alt text of an image, and whether a person stands behind it."""

    text: str
    source: str
    status: Literal["machine", "approved", "edited"]
    stale: bool = False
    updated: Moment | UnsetType = UNSET


class EntryCaption(Struct, frozen=True):
    """What one captioner says of an image."""

    source: str
    text: str
    confidence: Confidence | None
    language: str


class EntryReview(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one captioner's caption fared when a person decided on the alt text.

    `proposed` tells that it was the alt text until then, `approved` that it was published as it
    was. `distance` is the share of words to change between it and the published text, 0 to 1.
    """

    source: str
    model: ModelName
    confidence: Confidence | None
    proposed: bool = False
    approved: bool = False
    distance: Share


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One image in the catalogue; `problems` are codes, `width` and `height` pixels.

    `version` is another once the image is, and `reviews` are of the text that is published now.
    """

    name: str
    alt_text: EntryAltText | None
    captions: tuple[EntryCaption, ...] = ()
    tags: tuple[str, ...] = ()
    agreement: Share | UnsetType = UNSET
    needs_review: bool | UnsetType = UNSET
    problems: tuple[str, ...] = ()
    content_type: str | UnsetType = UNSET
    width: Count | UnsetType = UNSET
    height: Count | UnsetType = UNSET
    version: str | UnsetType = UNSET
    reviews: tuple[EntryReview, ...] = ()
    created: Moment | UnsetType = UNSET
    updated: Moment

    @property
    def status(self) -> str:
        """Give the status of the alt text; `"none"` where there is no alt text."""
        return self.alt_text.status if self.alt_text else "none"

    @property
    def sources(self) -> tuple[str, ...]:
        """Give which captioners the captions are from."""
        return tuple(dict.fromkeys(caption.source for caption in self.captions))


class Facet(Struct, frozen=True):
    """How many images of those asked for have this value."""

    value: str
    count: Count


class Change(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That the sidecar of an image was written, or is gone where there is no `entry`.

    `etag` and `modified` are the sidecar's own as storage gave them; those of a sidecar that is
    gone are its last. `replaces` is the ETag of the version before, `deleted` the app's time of a
    deletion, where they are known.
    """

    name: str
    etag: str
    modified: Moment
    replaces: str | None = None
    entry: Entry | None = None
    deleted: Moment | None = None

    def supersedes(self, known: "Change") -> bool:
        """Tell whether this is the later one, in whatever order the two are heard of.

        Versions of one sidecar follow each other, as each was written over the one before: where
        two are neighbours, that decides. Else storage's time does, and within its seconds the
        app's: a picture may be deleted and dropped again in one.
        """
        if self.etag == known.etag and (self.entry is None) != (known.entry is None):
            return self.entry is None
        if known.replaces == self.etag and known.etag != self.etag:
            return False
        return self.replaces == known.etag or self._key() > known._key()

    def _key(self) -> tuple[datetime, datetime, str]:
        happened = self.entry.updated if self.entry else self.deleted or _LAST
        return self.modified, happened, self.etag


def entry_of(record: CaptionRecord) -> Entry:
    """Give what the catalogue keeps of a record."""
    facts, alt_text = record.image, record.alt_text
    return Entry(
        name=facts.name,
        alt_text=None
        if alt_text is None
        else EntryAltText(
            alt_text.text,
            alt_text.source,
            alt_text.status,
            stale=alt_text.stale is True,
            updated=alt_text.updated,
        ),
        captions=tuple(
            EntryCaption(each.source, each.text, each.confidence, each.language)
            for each in record.captions
        ),
        tags=_tags(record),
        agreement=record.agreement,
        needs_review=record.needs_review,
        problems=tuple(dict.fromkeys(each.code for each in record.problems)),
        content_type=facts.content_type,
        width=facts.width,
        height=facts.height,
        version=version_of(facts),
        reviews=_reviews(alt_text),
        created=record.created,
        updated=record.updated,
    )


def to_line(change: Change) -> bytes:
    """Write a change as one line of JSON, without its end."""
    return msgspec.json.encode(change)


def read_change(line: bytes) -> Change:
    """Read a change.

    Raises `msgspec.DecodeError` for what is none.
    """
    return read(line, _decoder)


_decoder = msgspec.json.Decoder(Change)


def latest(changes: Iterable[Change]) -> dict[str, Change]:
    """Give the latest of the changes of each image."""
    found: dict[str, Change] = {}
    for change in changes:
        known = found.get(change.name)
        if known is None or change.supersedes(known):
            found[change.name] = change
    return found


def version_of(facts: ImageFacts) -> str | UnsetType:
    """Name the bytes of an image, as short as tells them from any other's of that name."""
    if facts.sha256 is not UNSET:
        return facts.sha256[:_VERSION_DIGITS]
    if facts.etag is not UNSET:
        return sha256(facts.etag.encode()).hexdigest()[:_VERSION_DIGITS]
    return UNSET


def _reviews(alt_text: AltText | None) -> tuple[EntryReview, ...]:
    # What was written for another image says nothing of how these captions fared.
    if alt_text is None or not alt_text.is_human or alt_text.judged is UNSET:
        return ()
    return tuple(
        EntryReview(
            source=each.source,
            model=each.model,
            confidence=each.confidence,
            proposed=each.proposed,
            approved=each.proposed and each.text == alt_text.text,
            distance=round(distance(each.text, alt_text.text), 4),
        )
        for each in alt_text.judged
    )


def _tags(record: CaptionRecord) -> tuple[str, ...]:
    names = (
        tag.name for caption in record.captions if caption.tags is not UNSET for tag in caption.tags
    )
    return tuple(dict.fromkeys(names))
