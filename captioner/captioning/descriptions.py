"""What people wrote of an image before it came here: beside it, and in its file."""

from typing import Final

from msgspec import UNSET

from captioner.captioning.captioned import Image
from captioner.images.metadata import cleaned, texts_in
from captioner.records import CaptionRecord, Description, Origin

CAME_WITH_IMAGE: Final[frozenset[Origin]] = frozenset({"blob-metadata", "xmp-alt-text"})
"""The origins of what was written as alt text; other descriptions are offered, not published."""


def descriptions_of(image: Image) -> tuple[Description, ...]:
    """Give each text once, the weightiest first; never raises, whatever the bytes are."""
    beside = cleaned(image.alt_text or "")
    inside = (
        Description(each.origin, each.text, each.language or UNSET)
        for each in texts_in(image.data, image.facts.name)
        if each.text != beside
    )
    return (*([Description("blob-metadata", beside)] if beside else []), *inside)


def alt_texts_of(record: CaptionRecord) -> list[Description]:
    """Give the descriptions that were written as alt text, the weightiest first."""
    return [each for each in record.descriptions or () if each.origin in CAME_WITH_IMAGE]


def alt_text_brought_by(record: CaptionRecord) -> Description | None:
    """Give the alt text that the image of a new record brings, or None where it brings none.

    The text beside the image goes before those in its file. Of these it is the first in the
    language of the captions, else the first.
    """
    texts = alt_texts_of(record)
    if not texts or texts[0].origin == "blob-metadata":
        return texts[0] if texts else None
    language = (record.alt_text.language if record.alt_text else UNSET) or ""
    return max(texts, key=lambda each: _closeness(each.language or "", language))


def _closeness(tag: str, wanted: str) -> int:
    """Compare language tags: 2 for the same, 1 for two kinds of one language, 0 for others."""
    one, two = tag.lower(), wanted.lower()
    if not one or not two:
        return 0
    return (one == two) + (one.partition("-")[0] == two.partition("-")[0])
