"""What is made to cost much costs little: memory and time are measured in a process of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from captioner.errors import ImageError
from captioner.settings import Settings
from tests.support.bombs import BOMBS, polyglots
from tests.support.judge import Judge

MIB = 1 << 20
# Beside the picture itself: what decoders and Python keep for themselves.
MOST_MIB = Settings().max_image_memory / MIB + 64
# Of processor time; the worst takes about two, so that a slow machine passes and a bomb does not.
MOST_SECONDS = 20
POLYGLOTS = list(polyglots())
# Of some it is known which; of the others, versions of decoders differ in what they can read.
KNOWN = {
    "PNG: as many pixels as are taken": None,
    "PNG: one pixel more": "image_too_large",
    "PNG: two million chunks": "corrupt_image",
    "JPEG: eight million tables": "corrupt_image",
    "JPEG: filling": None,
    "JPEG: a billion laughs": None,
    "TIFF: four million strips": "corrupt_image",
    "AVIF: very large and told small": "image_too_large",
    "WebP: as many pixels as are taken": None,
    "WebP: very many pixels in 34 bytes": "image_too_large",
}
CODES = {None, *(each.code for each in ImageError.__subclasses__())}


@pytest.fixture(scope="module")
def judge() -> Iterator[Judge]:
    with Judge() as judge:
        yield judge


@pytest.mark.filterwarnings("ignore::UserWarning")  # some cannot be made without one
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_picture_or_a_problem_within_bounds(
    name: str, judge: Judge, tmp_path: Path
) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(BOMBS[name]())
    assert path.stat().st_size <= Settings().max_image_bytes

    verdict = judge.verdict(path)

    assert verdict.code in ({KNOWN[name]} if name in KNOWN else CODES)
    assert verdict.mib < MOST_MIB
    assert verdict.seconds < MOST_SECONDS


@pytest.mark.parametrize(("name", "data"), POLYGLOTS, ids=[name for name, _ in POLYGLOTS])
def test_a_file_of_two_kinds_is_a_picture_or_none(
    name: str, data: bytes, judge: Judge, tmp_path: Path
) -> None:
    path = tmp_path / "polyglot"
    path.write_bytes(data)
    pictures = {"script.gif", "archive.jpg", "document-behind.jpg", "page.png", "php.jpg"}

    code = judge.verdict(path).code

    if name in pictures:
        assert code is None
    else:
        assert code in {"unsupported_image", "corrupt_image"}
