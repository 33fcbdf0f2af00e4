"""The directory at the head of a TIFF file or an EXIF block: tagged fields, read as they stand.

Read here rather than by Pillow where only a few fields are wanted: it copies, converts and warns of
every field there is.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

_BYTES_OF_TYPE = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 129: 1}
_MOST_FIELDS = 1_000
_MOST_BYTES = 1 << 20
_HEADERS: dict[bytes, tuple[Literal["little", "big"], bool]] = {
    b"II*\0": ("little", False),
    b"MM\0*": ("big", False),
    b"II+\0": ("little", True),
    b"MM\0+": ("big", True),
}


@dataclass(frozen=True, slots=True)
class _Field:
    """One field: how many values it says it has, and where their `size` bytes lie in the file."""

    tag: int
    count: int
    place: int
    size: int


def fields_of(tiff: bytes, tags: Collection[int]) -> dict[int, bytes]:
    """Give the values of some fields of the first directory, as they are stored.

    Of TIFF or BigTIFF; what is neither has none. A value of more than 1 MiB is left out.
    """
    found: dict[int, bytes] = {}
    for field in _fields(tiff):
        if field.tag in tags and field.size <= _MOST_BYTES:
            found.setdefault(field.tag, tiff[field.place : field.place + field.size])
    return found


def most_values(tiff: bytes, tags: Collection[int]) -> int:
    """Tell how many values one of these fields says it has at most; 0 where there is none of them.

    Raises `ValueError` where the directory has more fields than any program writes.
    """
    fields = tuple(_fields(tiff, most=_MOST_FIELDS + 1))
    if len(fields) > _MOST_FIELDS:
        raise ValueError("the directory has too many fields")
    return max((field.count for field in fields if field.tag in tags), default=0)


def _fields(tiff: bytes, *, most: int = _MOST_FIELDS) -> Iterator[_Field]:
    if (header := _HEADERS.get(tiff[:4])) is None:
        return
    order, is_big = header
    width, head, size = (8, 8, 20) if is_big else (4, 2, 12)  # of an offset, a count, a field

    def number(at: int, length: int) -> int:
        return int.from_bytes(tiff[at : at + length], order)

    directory = number(width, width)
    fields = min(number(directory, head), most)
    for at in range(directory + head, directory + head + fields * size, size):
        count = number(at + 4, width)
        length = count * _BYTES_OF_TYPE.get(number(at + 2, 2), 0)
        place = at + 4 + width
        place = number(place, width) if length > width else place
        yield _Field(number(at, 2), count, place, length)
