"""Records as exports meet them: of machines and people, doubtful, hostile, in many languages."""

from typing import Any

import msgspec

from captioner.exports import Canvas
from captioner.records import AltText, CaptionRecord, Description
from tests.support.records import BEGAN, record_of

IMAGES_URL = "https://museum.blob.core.windows.net/images"
CANVAS = Canvas(None, IMAGES_URL)

HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "]]> <!-- --> </alt> &amp; &",
    "\"double\" 'single' `back`",
    "\u202e\u05e9\u05dc\u05d5\u05dd \u2067abc\u2069 def",
    "🦌 \U0001f469‍\U0001f467 über naïve 写真",
    "two\nlines\tand a tab",
    "a -- --> --> b",
    "x" * 255,
)


def machine(name: str = "attic/dog.jpg", text: str = "a dog in snow") -> CaptionRecord:
    """Give a record whose alt text is the own captioner's."""
    return record_of(name, {"onnx": text})


def human(
    text: str = "My dog Rex", name: str = "attic/dog.jpg", *, caption: str = "a dog", **fields: Any
) -> CaptionRecord:
    """Give a record whose alt text is a person's; `fields` are those of the alt text."""
    alt_text = AltText(text, "person", "edited", "A. Person", BEGAN)
    return msgspec.structs.replace(
        record_of(name, {"onnx": caption}), alt_text=msgspec.structs.replace(alt_text, **fields)
    )


def silent(name: str = "broken.jpg") -> CaptionRecord:
    """Give a record without any text."""
    return record_of(name)


def described(record: CaptionRecord, *descriptions: Description) -> CaptionRecord:
    """Give a record with what came with its image."""
    return msgspec.structs.replace(record, descriptions=descriptions)


def captioned_in(record: CaptionRecord, language: str, text: str) -> CaptionRecord:
    """Give a record with a caption of the other captioner in some language."""
    other = msgspec.structs.replace(
        record.captions[0], source="azure-vision", language=language, text=text
    )
    return msgspec.structs.replace(record, captions=(*record.captions, other))
