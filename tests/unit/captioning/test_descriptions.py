"""What people wrote of an image is in its record, whoever asks for it."""

import jsonschema
import msgspec
import pytest

from captioner.captioning import Image
from captioner.records import CaptionRecord, Description, ImageFacts, json_schema, to_json
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.metadata import (
    ALT_TEXT,
    DESCRIPTION,
    exif,
    image_with,
    in_languages,
    jpeg_with_xmp,
    xmp,
)

PACKET = xmp(in_languages(ALT_TEXT, en="A dog"), in_languages(DESCRIPTION, default="In the snow"))
INSIDE = (Description("xmp-alt-text", "A dog", "en"), Description("dc-description", "In the snow"))


def record_of(data: bytes, alt_text: str | None = None, name: str = "dog.jpg") -> CaptionRecord:
    image = Image(ImageFacts(name=name), data, alt_text=alt_text)
    (captioned,) = service_of(ScriptedCaptioner()).caption([image])
    return captioned.record


def test_a_record_tells_what_is_written_in_the_image() -> None:
    record = record_of(jpeg_with_xmp(PACKET))

    assert record.descriptions == INSIDE
    jsonschema.validate(msgspec.json.decode(to_json(record)), json_schema())


def test_an_image_without_a_word_has_no_descriptions() -> None:
    assert record_of(image_with("JPEG")).descriptions == ()
    assert record_of(image_with("JPEG", exif_block=exif("dog"))).descriptions == ()


def test_what_stands_beside_the_image_comes_first_and_once() -> None:
    beside = Description("blob-metadata", "My dog")

    assert record_of(jpeg_with_xmp(PACKET), " My\ndog ").descriptions == (beside, *INSIDE)
    assert record_of(jpeg_with_xmp(PACKET), "In the snow").descriptions == (
        Description("blob-metadata", "In the snow"),
        INSIDE[0],
    )
    assert record_of(jpeg_with_xmp(PACKET), " \u202e ").descriptions == INSIDE


@pytest.mark.parametrize(
    ("data", "code"),
    [(jpeg_with_xmp(PACKET)[:-200], "corrupt_image"), (b"", "empty_image"), (b"?", "unsupported")],
)
def test_an_image_that_cannot_be_decoded_is_looked_through_too(data: bytes, code: str) -> None:
    record = record_of(data, "My dog")

    assert [each.code.startswith(code) for each in record.problems] == [True]
    assert record.descriptions == (
        Description("blob-metadata", "My dog"),
        *(INSIDE if len(data) > 1 else ()),
    )


def test_machine_text_tells_its_language() -> None:
    record = record_of(image_with("JPEG"))

    assert record.alt_text is not None
    assert record.alt_text.language == "en"
