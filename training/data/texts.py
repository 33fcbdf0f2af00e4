"""Captions without their pictures: language that teaches a decoder what no training picture shows.

A file of lines `image<TAB>caption`, in which the captions of one picture share the first column;
a first line `image<TAB>caption` is passed over.
"""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from training.data.captions import words_of
from training.data.datasets import DataError


@dataclass(frozen=True, slots=True)
class Texts:
    """What people said of each of many pictures that are not here; `sha256` is the file's."""

    name: str
    captions: tuple[tuple[str, ...], ...]
    sha256: str


def load_texts(path: Path) -> Texts:
    """Read a file of captions. Raises `DataError` where it is missing or is no such table."""
    try:
        content = path.read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}.") from None
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8: save it as such.") from None
    captions: dict[str, list[str]] = {}
    table = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    for number, row in enumerate(table, 1):
        if row == ["image", "caption"] or not row:
            continue
        if len(row) != 2:
            raise DataError(f"{path}, line {number}: expected image<TAB>caption.")
        image, caption = row
        if words_of(caption):
            captions.setdefault(image, []).append(caption)
    if not captions:
        raise DataError(f"{path} holds no caption.")
    name = f"{path.parent.name}/{path.name}"
    return Texts(name, tuple(map(tuple, captions.values())), hashlib.sha256(content).hexdigest())
