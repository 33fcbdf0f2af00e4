"""EXIF, which is a small TIFF file: tagged fields, of which the first directory tells enough.

Read here rather than by Pillow, which copies the value of every field there is: a few hundred
kilobytes of fields that share one value would become gigabytes.
"""

from collections.abc import Collection
from typing import Literal

from captioner.images.metadata.text import Text, decoded

_IMAGE_DESCRIPTION = 0x010E
_XP_COMMENT = 0x9C9C  # Windows; UTF-16
# `UserComment` is left alone: programs write far more of it than people do.

_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 129: 1}
_MOST_FIELDS = 1_000
_MOST_BYTES = 1 << 20
_HEADERS: dict[bytes, tuple[Literal["little", "big"], bool]] = {
    b"II*\0": ("little", False),
    b"MM\0*": ("big", False),
    b"II+\0": ("little", True),
    b"MM\0+": ("big", True),
}


def texts_in(exif: bytes) -> list[Text]:
    """Give the descriptions of an EXIF block or a TIFF file."""
    fields = fields_of(exif.removeprefix(b"Exif\0\0"), {_IMAGE_DESCRIPTION, _XP_COMMENT})
    said = decoded(fields.get(_IMAGE_DESCRIPTION, b"").partition(b"\0")[0])
    comment = fields.get(_XP_COMMENT, b"").decode("utf-16-le", errors="ignore").partition("\0")[0]
    return [Text("exif-description", each) for each in (said, comment)]


def fields_of(tiff: bytes, tags: Collection[int]) -> dict[int, bytes]:
    """Give the values of some fields of the first directory, as they are stored.

    Of TIFF or BigTIFF; what is neither has none. A value of more than 1 MiB is left out.
    """
    if (header := _HEADERS.get(tiff[:4])) is None:
        return {}
    order, is_big = header
    width, head, size = (8, 8, 20) if is_big else (4, 2, 12)  # of an offset, a count, a field

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)

    directory = number(width, width)
    count = min(number(directory, head), _MOST_FIELDS)
    found: dict[int, bytes] = {}
    for at in range(directory + head, directory + head + count * size, size):
        tag = number(at, 2)
        if tag not in tags:
            continue
        length = number(at + 4, width) * _BYTES_OF_TYPE.get(number(at + 2, 2), 0)
        place = at + 4 + width
        if length > width:
            place = number(place, width)
        if length <= _MOST_BYTES:
            found.setdefault(tag, tiff[place : place + length])
    return found
