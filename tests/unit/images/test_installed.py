"""Images that others made: those that the packages installed for development bring along."""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import pytest

from captioner.errors import CorruptImage, UnsupportedImage
from captioner.images import Picture, decode
from captioner.images.metadata import texts_in

PACKAGES = ("matplotlib", "scikit-image", "sympy", "scipy", "werkzeug", "playwright")
PICTURES = {".jpg", ".jpeg", ".png", ".gif", ".tif", ".tiff", ".bmp", ".webp", ".heic", ".avif"}
OF_64_BITS = {"multipage_rgb.tif"}  # for each colour, which no decoder here reads
OTHERS = {".svg", ".pdf", ".ico", ".ps", ".eps"}


def files() -> Iterator[Path]:
    for package in PACKAGES:
        for file in importlib.metadata.files(package) or ():
            if file.suffix.lower() in PICTURES | OTHERS:
                yield Path(str(file.locate()))


FILES = sorted(files())


def test_there_are_some_of_many_kinds() -> None:
    assert {path.suffix for path in FILES} >= {".jpg", ".png", ".gif", ".tif", ".svg", ".pdf"}
    assert len(FILES) > 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: "/".join(path.parts[-4:]))
def test_it_is_a_picture_or_of_a_kind_that_is_not_taken(path: Path) -> None:
    data = path.read_bytes()
    texts_in(data, path.name)

    def decoded() -> Picture:
        return decode(data, max_bytes=2**26, max_pixels=120_000_000)

    if path.name in OF_64_BITS:
        with pytest.raises(CorruptImage):
            decoded()
    elif path.suffix in OTHERS:
        with pytest.raises(UnsupportedImage):
            decoded()
    else:
        assert decoded().image.mode == "RGB"
