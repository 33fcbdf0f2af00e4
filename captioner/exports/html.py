"""Records as HTML: an `img` with its `alt` for each image."""

from html import escape
from typing import Final

from msgspec import UNSET

from captioner.exports.canvas import Canvas
from captioner.exports.texts import doubt_of, language_of, writable
from captioner.records import CaptionRecord

_HEAD: Final = """\
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Images with their alt texts</title></head>
<body>
"""


class Page:
    """One `img` a line in a document of its own, or bare where it is to be pasted.

    `data-alt-text` is there where the text needs a look: `unreviewed` or `stale`.
    """

    def __init__(self, canvas: Canvas, *, bare: bool = False) -> None:
        self._canvas = canvas
        self._bare = bare

    def begin(self) -> bytes:
        return b"" if self._bare else _HEAD.encode()

    def add(self, record: CaptionRecord) -> bytes | None:
        if record.alt_text is None:
            return None
        facts = record.image
        values = {
            "src": self._canvas.address(facts),
            "alt": record.alt_text.text,
            "width": None if facts.width is UNSET else str(facts.width),
            "height": None if facts.height is UNSET else str(facts.height),
            "lang": language_of(record),
            "loading": "lazy",
            "data-alt-text": doubt_of(record.alt_text),
        }
        attributes = (
            f'{name}="{escape(writable(value))}"'
            for name, value in values.items()
            if value is not None
        )
        return f"<img {' '.join(attributes)}>\n".encode()

    def end(self) -> bytes:
        return b"" if self._bare else b"</body>\n</html>\n"
