"""An image is dropped, its sidecar appears: every kind of image, name and event."""

import os
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from urllib.parse import quote

import jsonschema
import msgspec
import numpy as np
import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy
from PIL import Image

from captioner.errors import RecordNotFound
from captioner.records import AltText, json_schema, now, to_json
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, left_and_right, plain
from tests.support.vision_server import KEY, VisionServer

LIMIT = 16 * 2**20
RED = image_bytes(plain(100, 80, "red"))
BLUE = image_bytes(plain(80, 100, "blue"))


@pytest.fixture(scope="module")
def app(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with VisionServer() as vision:
        settings = {
            "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": KEY,
            "MAX_IMAGE_BYTES": str(LIMIT),
        }
        with running_app(azurite, settings) as app:
            yield app


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def animation() -> bytes:
    data = BytesIO()
    frames = [plain(90, 60, colour) for colour in ("red", "green", "blue")]
    frames[0].save(data, "GIF", save_all=True, append_images=frames[1:])
    return data.getvalue()


def rotated() -> bytes:
    """Give a JPEG that is stored lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return image_bytes(left_and_right(120, 80), exif=exif)


def test_a_dropped_image_gets_a_sidecar_with_both_captions(app: App) -> None:
    etag = app.drop("attic/red.jpg", RED)

    record = app.record("attic/red.jpg", etag)

    jsonschema.validate(msgspec.json.decode(to_json(record)), json_schema())
    assert [caption.source for caption in record.captions] == ["onnx", "azure-vision"]
    assert record.captions[1].text == "a red picture"
    assert record.problems == ()
    assert record.alt_text is not None
    assert record.image.url == app.store.image_url("attic/red.jpg")


def test_an_overwritten_image_gets_a_new_record(app: App) -> None:
    first = app.record("over.jpg", app.drop("over.jpg", RED))

    second = app.record("over.jpg", app.drop("over.jpg", BLUE))

    assert [caption.text for caption in second.captions[1:]] == ["a blue picture"]
    assert second.created == first.created
    assert second.updated > first.updated


def notify(app: App, queues: QueueServiceClient, name: str, etag: str) -> None:
    """Deliver the event of an image once more, as platforms do that deliver at least once."""
    queue = queues.get_queue_client(
        f"azure-webjobs-blobtrigger-{app.host.host_id}",
        message_encode_policy=TextBase64EncodePolicy(),
    )
    with suppress(ResourceExistsError):  # the host makes it with its first event
        queue.create_queue()
    notice = {
        "Type": "BlobTrigger",
        "FunctionId": "Host.Functions.image_landed",
        "BlobType": "BlockBlob",
        "ContainerName": app.store.images_container,
        "BlobName": name,
        "ETag": etag.strip('"'),
    }
    queue.send_message(msgspec.json.encode(notice).decode())


def test_the_same_event_twice_in_a_row_captions_once(app: App, queues: QueueServiceClient) -> None:
    etag = app.drop("twice.jpg", RED)
    app.record("twice.jpg", etag)
    before = app.store.get_record("twice.jpg")

    notify(app, queues, "twice.jpg", etag)
    log = app.host.wait_for_log("'twice.jpg' needs no new captions")

    assert app.store.get_record("twice.jpg") == before
    assert log.count("Captioned 'twice.jpg'") == 1


def test_the_same_event_at_the_same_moment_leaves_one_sidecar(
    app: App, queues: QueueServiceClient
) -> None:
    etag = app.drop("together.jpg", RED)
    for _ in range(3):
        notify(app, queues, "together.jpg", etag)

    # Of four events three find the work done, before they caption or when they come to write.
    log = app.host.wait_for_log("'together.jpg' needs no new captions", times=3)

    assert log.count("Captioned 'together.jpg'") == 1
    assert len(app.record("together.jpg", etag).captions) == 2


@pytest.mark.parametrize(
    "name",
    [
        "a b+#%é.jpg",
        "dir/x.jpg",
        "dir/sub dir/x y.png",
        "50%25off.jpg",
        "q?a=1&b=2.jpg",
        "{braces}.jpg",
        "trailing.dots..",
        "日本語/写真.jpg",
        "no extension",
        "x" * 900 + ".jpg",
    ],
    ids=lambda name: name[:20],
)
def test_any_name_will_do(app: App, name: str) -> None:
    record = app.record(name, app.drop(name, RED))

    assert record.image.name == name
    assert record.image.url is not None
    assert str(record.image.url).endswith(quote(name, safe="/~"))
    assert len(record.captions) == 2


@pytest.mark.parametrize(
    ("name", "data", "size"),
    [
        ("one pixel.png", image_bytes(plain(1, 1), "PNG"), (1, 1)),
        ("animated.gif", animation(), (90, 60)),
        ("cmyk.jpg", image_bytes(plain(90, 60).convert("CMYK")), (90, 60)),
        ("rotated.jpg", rotated(), (80, 120)),
        ("thin.png", image_bytes(plain(3000, 1), "PNG"), (3000, 1)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_any_kind_of_image_will_do(app: App, name: str, data: bytes, size: tuple[int, int]) -> None:
    record = app.record(name, app.drop(name, data))

    assert (record.image.width, record.image.height) == size
    assert [caption.source for caption in record.captions] == ["onnx", "azure-vision"]
    assert record.problems == ()


def test_a_photograph_of_12_megabytes(app: App) -> None:
    data = image_bytes(noise(3600, 2800), quality=96)
    assert 12 * 10**6 < len(data) < LIMIT

    record = app.record("large.jpg", app.drop("large.jpg", data))

    assert record.image.bytes == len(data)
    assert len(record.captions) == 2


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_image"),
        (b"%PDF-1.7", "unsupported_image"),
        (RED[: len(RED) // 2], "corrupt_image"),
        (os.urandom(1024), "unsupported_image"),
        (bytes(LIMIT + 1), "image_too_large"),
    ],
    ids=["empty", "not an image", "cut short", "noise", "over the limit"],
)
def test_what_cannot_be_captioned_gets_a_record_that_says_why(
    app: App, data: bytes, code: str, request: pytest.FixtureRequest
) -> None:
    name = f"{request.node.callspec.id}.jpg"

    record = app.record(name, app.drop(name, data))

    assert [(problem.source, problem.code) for problem in record.problems] == [("image", code)]
    assert (record.captions, record.alt_text) == ((), None)


def test_human_alt_text_survives_a_new_image(app: App) -> None:
    app.record("human.jpg", app.drop("human.jpg", RED))
    record, version = app.store.get_record("human.jpg")
    human = AltText("The red one", "person", "edited", by="A. Person", updated=now())
    app.store.put_record(msgspec.structs.replace(record, alt_text=human), version)

    record = app.record("human.jpg", app.drop("human.jpg", BLUE))

    assert record.alt_text == msgspec.structs.replace(human, stale=True)
    assert record.captions[1].text == "a blue picture"


def test_a_deleted_image_gets_no_sidecar(app: App, queues: QueueServiceClient) -> None:
    notify(app, queues, "deleted.jpg", '"0x1"')

    app.host.wait_for_log("deleted.jpg' is gone")
    with pytest.raises(RecordNotFound):
        app.store.get_record("deleted.jpg")
