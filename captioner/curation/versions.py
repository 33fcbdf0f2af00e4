"""The texts that an image has had, and which of them people wrote."""

import msgspec
from msgspec import Struct

from captioner.records import AltText, CaptionRecord


class History(Struct, frozen=True):
    """The texts of an image, the newest first; of one that was deleted, those that are kept."""

    name: str
    deleted: bool
    versions: tuple[AltText, ...]


def versions_of(record: CaptionRecord) -> tuple[AltText, ...]:
    """Give the text of a record and those before it, the newest first."""
    before = sorted(record.history, key=lambda each: each.updated, reverse=True)
    return tuple(each for each in (record.alt_text, *before) if each is not None)


def has_words_of_people(record: CaptionRecord) -> bool:
    """Tell whether anything would be lost with a record that nobody can make again."""
    return bool(record.history) or (record.alt_text is not None and record.alt_text.is_human)


def remembering(record: CaptionRecord, other: CaptionRecord) -> CaptionRecord:
    """Give a record whose history has too what people wrote according to another one."""
    known = {each.text for each in versions_of(record)}
    more = tuple(each for each in versions_of(other) if each.is_human and each.text not in known)
    return msgspec.structs.replace(record, history=(*record.history, *more)) if more else record
