"""Alt text that came with an image is published, kept, and marked once the image is another."""

from collections.abc import Iterator

import msgspec
import pytest
import requests
from msgspec import UNSET

from captioner.records import AltText, CaptionRecord, Description, from_json, now
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.metadata import (
    ALT_TEXT,
    DESCRIPTION,
    exif,
    image_with,
    in_languages,
    jpeg_with_xmp,
    xmp,
)
from tests.support.pictures import image_bytes, plain

TIMEOUT_S = 60
HOSTILE = "<img src=x onerror=alert(1)> שלום 🐕"
DOG = jpeg_with_xmp(
    xmp(
        in_languages(ALT_TEXT, default="Ein Hund im Schnee", en=HOSTILE),
        in_languages(DESCRIPTION, default="Winter 1998"),
    )
)
CAT = jpeg_with_xmp(xmp(in_languages(ALT_TEXT, en="A cat on the stove")))
BARE = image_bytes(plain(90, 70, "blue"))


@pytest.fixture(scope="module")
def app(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    settings = {"MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle")))}
    with running_app(azurite, settings) as app:
        yield app


def published(record: CaptionRecord) -> tuple[str, str, str, bool]:
    """Give the alt text with its source, its status, and whether it is stale."""
    assert record.alt_text is not None
    text = record.alt_text
    return text.text, text.source, text.status, text.stale is True


def upload(azurite: Azurite, app: App, name: str, data: bytes, **metadata: str) -> str:
    """Put an image into the container as any program does, and give its ETag."""
    with azurite.blobs() as blobs:
        blob = blobs.get_blob_client(app.settings["IMAGES_CONTAINER"], name)
        return str(blob.upload_blob(data, overwrite=True, metadata=metadata)["etag"])


def test_alt_text_in_a_file_is_published_and_other_texts_are_offered(app: App) -> None:
    record = app.record("dog.jpg", app.drop("dog.jpg", DOG))

    assert published(record) == (HOSTILE, "xmp-alt-text", "approved", False)
    assert record.alt_text is not None
    assert (record.alt_text.language, record.alt_text.by) == ("en", None)
    assert record.needs_review is False
    assert record.descriptions == (
        Description("xmp-alt-text", "Ein Hund im Schnee"),
        Description("xmp-alt-text", HOSTILE, "en"),
        Description("dc-description", "Winter 1998"),
    )
    assert record.captions


def test_alt_text_beside_a_blob_goes_before_that_in_its_file(app: App, azurite: Azurite) -> None:
    etag = upload(azurite, app, "beside.jpg", DOG, Alt_Text="Ein%20Hund%20l%C3%A4uft")

    record = app.record("beside.jpg", etag)
    mended = app.record("beside.jpg", upload(azurite, app, "beside.jpg", DOG, alt_text="A dog"))

    assert published(record) == ("Ein Hund läuft", "blob-metadata", "approved", False)
    assert published(mended) == ("A dog", "blob-metadata", "approved", False)
    assert [each.text for each in mended.history] == ["Ein Hund läuft"]


def test_what_cameras_write_is_no_description(app: App) -> None:
    data = image_with("JPEG", exif_block=exif("OLYMPUS DIGITAL CAMERA"))

    record = app.record("camera.jpg", app.drop("camera.jpg", data))

    assert record.descriptions == ()
    assert published(record)[1:] == ("onnx", "machine", False)
    assert record.alt_text is not None
    assert record.alt_text.language == "en"


def test_another_image_makes_its_text_stale_unless_it_brings_its_own(app: App) -> None:
    app.record("pet.jpg", app.drop("pet.jpg", DOG))

    bare = app.record("pet.jpg", app.drop("pet.jpg", BARE))
    cat = app.record("pet.jpg", app.drop("pet.jpg", CAT))

    assert published(bare) == (HOSTILE, "xmp-alt-text", "approved", True)
    assert (bare.needs_review, bare.descriptions) == (True, ())
    assert published(cat) == ("A cat on the stove", "xmp-alt-text", "approved", False)
    assert [each.text for each in cat.history] == [HOSTILE]
    assert cat.needs_review is False


def test_a_persons_text_stays_over_that_of_the_image(app: App) -> None:
    record = app.record("mine.jpg", app.drop("mine.jpg", DOG))
    mine = AltText("My dog", "person", "edited", by=None, updated=now())
    _, version = app.store.get_record("mine.jpg")
    app.store.put_record(msgspec.structs.replace(record, alt_text=mine), version)

    same = app.record("mine.jpg", app.drop("mine.jpg", DOG))
    other = app.record("mine.jpg", app.drop("mine.jpg", CAT))

    assert same.alt_text == mine
    assert other.alt_text == msgspec.structs.replace(mine, stale=True)
    assert other.descriptions == (Description("xmp-alt-text", "A cat on the stove", "en"),)


def test_text_that_was_handed_back_does_not_return_with_the_same_bytes(app: App) -> None:
    record = app.record("back.jpg", app.drop("back.jpg", CAT))
    caption = record.captions[0]
    machine = AltText(caption.text, caption.source, "machine", by=None, updated=now())
    _, version = app.store.get_record("back.jpg")
    app.store.put_record(msgspec.structs.replace(record, alt_text=machine), version)

    again = app.record("back.jpg", app.drop("back.jpg", CAT))

    assert published(again) == (caption.text, "onnx", "machine", False)


def test_a_broken_image_still_tells_what_it_says(app: App) -> None:
    record = app.record("broken.jpg", app.drop("broken.jpg", CAT[:-300]))

    assert [each.code for each in record.problems] == ["corrupt_image"]
    assert published(record)[0] == "A cat on the stove"


def test_a_request_is_answered_with_the_text_too(app: App) -> None:
    answer = requests.post(f"{app.host.url}/api/caption", data=DOG, timeout=TIMEOUT_S)

    record = from_json(answer.content)

    assert answer.status_code == 200
    assert published(record) == (HOSTILE, "xmp-alt-text", "approved", False)
    assert record.image.etag is UNSET
