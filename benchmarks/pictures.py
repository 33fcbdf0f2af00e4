"""The pictures that are captioned: photographs that anyone can have, and one of a camera's size."""

from collections.abc import Iterator
from io import BytesIO

import numpy as np
from PIL import Image

from training.samples import free_photographs

LARGE = (4000, 3000)  # 12 megapixels

_SIDE = 400


def photographs() -> list[bytes]:
    """Give the files of the freely licensed photographs that scikit-image brings."""
    return [photograph.path.read_bytes() for photograph in free_photographs()]


def large_jpeg() -> bytes:
    """Make a 12-megapixel JPEG of several megabytes: a photograph enlarged, with a sensor's noise.

    The same bytes every time; the noise gives the decoder as much to do as a camera's file does.
    """
    with Image.open(free_photographs()[0].path) as photograph:
        enlarged = photograph.convert("RGB").resize(LARGE, Image.Resampling.BICUBIC)
    noise = np.random.default_rng(1).normal(0, 6, (LARGE[1], LARGE[0], 1)).astype(np.float32)
    pixels = np.clip(np.asarray(enlarged) + noise, 0, 255).astype(np.uint8)
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


def parts_of_photographs(count: int) -> Iterator[bytes]:
    """Give files that all differ: parts of the photographs, 400 pixels a side."""
    originals = []
    for photo in photographs():
        with Image.open(BytesIO(photo)) as photograph:
            originals.append(photograph.convert("RGB").resize((2 * _SIDE, 2 * _SIDE)))
    for number in range(count):
        turn, original = divmod(number, len(originals))
        left, top = turn * 7 % _SIDE, turn * 13 % _SIDE
        part = originals[original].crop((left, top, left + _SIDE, top + _SIDE))
        file = BytesIO()
        part.save(file, "JPEG", quality=85)
        yield file.getvalue()
