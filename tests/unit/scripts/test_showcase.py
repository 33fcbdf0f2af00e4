"""The README's picture, of a tiny bundle's record."""

import msgspec
import pytest

from captioner.errors import BundleMissing
from scripts import showcase
from tests.support.bundles import make_bundle
from training.samples import free_photographs

PHOTOGRAPH = free_photographs()[0].path


@pytest.fixture
def record(tmp_path):
    return showcase.record_of(PHOTOGRAPH, make_bundle(tmp_path / "bundle"))


def test_the_record_is_that_of_the_photograph(record):
    assert record.image.name == PHOTOGRAPH.name
    assert record.caption_by("onnx").model.name == "tiny"


def test_it_shows_nothing_without_a_bundle(tmp_path):
    with pytest.raises(BundleMissing):
        showcase.record_of(PHOTOGRAPH, tmp_path)


@pytest.mark.parametrize("text", ["a dog", "a very long caption that goes on and on " * 3])
def test_every_line_has_room(record, text):
    caption = msgspec.structs.replace(record.captions[0], text=text)
    image = showcase.draw(PHOTOGRAPH, msgspec.structs.replace(record, captions=(caption,)))
    edge = image.crop((image.width - 20, 100, image.width - 4, image.height - 100))
    assert len(edge.getcolors()) == 1
    assert image.getpixel((0, 0))[3] == 0  # nothing behind the rounded corners
