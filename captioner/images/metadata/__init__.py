"""What people wrote of a picture and stored inside its file.

All of it is untrusted. Whatever is wrong with metadata costs the metadata only: nothing here
raises, and the work is bounded however the bytes were made.
"""

import logging
from collections.abc import Callable, Iterable
from functools import partial
from typing import get_args

from captioner.images.metadata import exif, iptc, xmp
from captioner.images.metadata.blocks import Blocks, blocks_of
from captioner.images.metadata.junk import is_junk
from captioner.images.metadata.text import Origin, Text, cleaned

__all__ = ["Text", "cleaned", "texts_in"]

_MOST_TEXTS = 20
_WEIGHTS: dict[Origin, int] = {
    origin: weight for weight, origin in enumerate(get_args(Origin.__value__))
}
# What cameras and programs fill in by themselves; the other texts are only ever a person's.
_FILLED_IN: set[Origin] = {"dc-description", "iptc-caption", "exif-description"}

_log = logging.getLogger(__name__)


def texts_in(data: bytes, file_name: str = "") -> tuple[Text, ...]:
    """Give the texts of an image, the weightiest first: at most 20, each once and as one line.

    Texts of one weight stay in their order, which in XMP begins with the default. What cameras and
    programs fill in by themselves is left out, and what repeats the `file_name`.
    """
    blocks = _tried(partial(blocks_of, data), Blocks())
    readers = (
        (xmp.texts_in, blocks.xmp),
        (iptc.texts_in, blocks.iptc),
        (exif.texts_in, blocks.exif),
    )
    found = [
        text
        for read, block in readers
        if block
        for text in _tried(partial(read, block), list[Text]())
    ]
    found.sort(key=lambda each: _WEIGHTS[each.origin])
    said = (Text(each.origin, cleaned(each.text), each.language) for each in found)
    return _once(
        each
        for each in said
        if each.text and not (each.origin in _FILLED_IN and is_junk(each.text, file_name))
    )[:_MOST_TEXTS]


def _once(texts: Iterable[Text]) -> tuple[Text, ...]:
    """Leave out what repeats a weightier text; of two as weighty one stays that has a language."""
    kept: dict[str, Text] = {}
    for each in texts:
        known = kept.get(each.text)
        if known is None or (known.origin == each.origin and known.language is None):
            kept[each.text] = each
    return tuple(kept.values())


def _tried[Found](read: Callable[[], Found], otherwise: Found) -> Found:
    try:
        return read()
    except Exception:  # noqa: BLE001 - whatever is wrong in metadata must not cost the picture
        _log.debug("Metadata cannot be read", exc_info=True)
        return otherwise
