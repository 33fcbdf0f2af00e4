"""Records as annotations: W3C's model, on a page as IIIF's Presentation API 3 has it."""

import uuid
from datetime import UTC
from typing import Any, Final

import msgspec

from captioner.exports.canvas import Canvas
from captioner.exports.texts import doubt_of, language_of, maker_of
from captioner.records import AltText, CaptionRecord

# IIIF wants its own last.
_CONTEXT: Final = (
    "http://www.w3.org/ns/anno.jsonld",
    "http://iiif.io/api/presentation/3/context.json",
)

type Json = dict[str, Any]


class AnnotationPage:
    """A page of annotations, one for each image with an alt text, which it describes.

    An annotation is called after what it is on, so that importing it again replaces the one from
    before. The page is called after what is on it. Text that needs a look is tagged so, which
    viewers show.
    """

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._page = uuid.NAMESPACE_URL
        self._first = ""

    def begin(self) -> bytes:
        return b'{"@context":%b,"type":"AnnotationPage","items":[' % msgspec.json.encode(_CONTEXT)

    def add(self, record: CaptionRecord) -> bytes | None:
        if record.alt_text is None:
            return None
        target = self._canvas.of(record.image)
        between = b",\n" if self._first else b"\n"
        self._first = self._first or target
        self._page = uuid.uuid5(self._page, target)
        return between + msgspec.json.encode(_annotation(record, record.alt_text, target))

    def end(self) -> bytes:
        # An HTTP URI in a space that is the publisher's own, as IIIF wants it.
        base = self._first or self._canvas.images_url
        return b'\n],"id":%b}\n' % msgspec.json.encode(f"{base}#alt-texts-{self._page}")


def _annotation(record: CaptionRecord, alt_text: AltText, target: str) -> Json:
    body: Json = {"type": "TextualBody", "value": alt_text.text, "format": "text/plain"}
    if language := language_of(record):
        body["language"] = language
    bodies = [{**body, "purpose": "describing"}]
    if doubt := doubt_of(alt_text):
        bodies.append(
            {
                "type": "TextualBody",
                "value": doubt,
                "format": "text/plain",
                "language": "en",
                "purpose": "tagging",
            }
        )
    return {
        "id": f"{target}#alt-text",
        "type": "Annotation",
        "motivation": "describing",
        "creator": _creator(record, alt_text),
        "modified": alt_text.updated.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "body": bodies,
        "target": target,
    }


def _creator(record: CaptionRecord, alt_text: AltText) -> Json:
    """Tell whose words these are: approved, a caption's stay its captioner's."""
    if maker := maker_of(record):
        return {"type": "Software", "name": f"{maker.model.name} {maker.model.version}"}
    if not alt_text.is_human:
        return {"type": "Software", "name": alt_text.source}
    return {"type": "Person", **({"name": alt_text.by} if alt_text.by else {})}
