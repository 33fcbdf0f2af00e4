"""Small copies: what they look like, and when they are made; against a real emulator."""

import logging
import struct
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO

import pytest
from azure.storage.blob import BlobServiceClient
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from pillow_heif import from_pillow

from captioner.entries import version_of
from captioner.errors import (
    CorruptImage,
    ImageNotFound,
    ImageTooLarge,
    InvalidRequest,
    StoreUnavailable,
    UnsupportedImage,
)
from captioner.images import decode
from captioner.records import ImageFacts
from captioner.settings import Settings, StorageConnection
from captioner.store import Documents, ImageStore
from captioner.thumbnails import Thumbnail, Thumbnails, jpeg_of
from tests.support.azurite import Azurite
from tests.support.pictures import image_bytes, left_and_right, picture_from, picture_of, plain

LIMIT = 2**20
NAME = "attic/a b+#%é.jpg"
RED = image_bytes(left_and_right(800, 600))
R, B = (255, 0, 0), (0, 0, 255)
GREEN = image_bytes(plain(600, 800, "lime"))


@pytest.fixture
def settings(unique_name: Callable[[str], str]) -> Settings:
    return Settings(
        images_container=unique_name("images"),
        captions_container=unique_name("captions"),
        thumbnails_container=unique_name("thumbnails"),
        max_image_bytes=LIMIT,
    )


@pytest.fixture
def store(azurite: Azurite, settings: Settings) -> Iterator[ImageStore]:
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        yield store


@pytest.fixture
def kept(blobs: BlobServiceClient, settings: Settings) -> Documents:
    container = blobs.get_container_client(settings.thumbnails_container)
    return Documents(container, content_type="image/jpeg")


@pytest.fixture
def thumbnails(kept: Documents, store: ImageStore) -> Thumbnails:
    return Thumbnails(kept, store, partial(decode, max_bytes=LIMIT, max_pixels=10**8))


def seen(thumbnail: Thumbnail) -> Image.Image:
    return Image.open(BytesIO(thumbnail.data), formats=["JPEG"])


def version(data: bytes) -> str:
    return str(version_of(ImageFacts(name=NAME, sha256=picture_from(data).sha256)))


def is_like(image: Image.Image, where: tuple[int, int], colour: tuple[int, int, int]) -> bool:
    """Tell whether a pixel has a colour but for what JPEG does to it."""
    found = image.getpixel(where)
    assert isinstance(found, tuple)
    return max(abs(a - b) for a, b in zip(found, colour, strict=True)) <= 12


@pytest.mark.parametrize(
    ("size", "original", "expected"),
    [
        ("small", (800, 600), (512, 384)),
        ("small", (300, 200), (300, 200)),
        ("small", (2048, 2048), (512, 512)),
        ("small", (6000, 3), (512, 1)),
        ("large", (800, 600), (800, 600)),
        ("large", (2048, 2048), (1600, 1600)),
        ("large", (3300, 3200), (1600, 1552)),
        ("large", (1, 4000), (1, 1600)),
    ],
)
def test_the_longest_side_is_as_promised_and_nothing_is_enlarged(
    thumbnails: Thumbnails, store: ImageStore, size, original, expected
) -> None:
    store.put_image(NAME, image_bytes(plain(*original)))
    assert seen(thumbnails.get(NAME, size)).size == expected


def sixteen_bits(width: int, height: int) -> bytes:
    grey = Image.frombytes("I;16", (width, height), struct.pack("<H", 0x8000) * width * height)
    return image_bytes(grey, "PNG")


def transparent() -> bytes:
    image = Image.new("RGBA", (40, 30), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (20, 0, 40, 30))
    return image_bytes(image, "PNG")


def heic() -> bytes:
    data = BytesIO()
    from_pillow(left_and_right(64, 64)).save(data, quality=-1)
    return data.getvalue()


def sideways() -> bytes:
    """Red and blue side by side, to be turned clockwise: red is on top then."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return image_bytes(left_and_right(60, 40), exif=exif)


@pytest.mark.parametrize(
    ("data", "size", "corners"),
    [
        (sideways(), (40, 60), (R, B)),
        (transparent(), (40, 30), ((255, 255, 255), B)),
        (sixteen_bits(40, 30), (40, 30), ((128, 128, 128), (128, 128, 128))),
        (image_bytes(plain(40, 30).convert("CMYK"), quality=95), (40, 30), (R, R)),
        (image_bytes(left_and_right(40, 30), "TIFF"), (40, 30), (R, B)),
        (heic(), (64, 64), (R, B)),
        (image_bytes(left_and_right(64, 64), "GIF"), (64, 64), (R, B)),
    ],
    ids=["sideways", "transparent", "16 bits", "CMYK", "TIFF", "HEIC", "GIF"],
)
def test_every_kind_of_image_looks_right(
    thumbnails: Thumbnails, store: ImageStore, data: bytes, size, corners
) -> None:
    store.put_image(NAME, data)
    shown = seen(thumbnails.get(NAME, "small"))
    assert shown.size == size
    assert is_like(shown, (3, 3), corners[0])
    assert is_like(shown, (size[0] - 4, size[1] - 4), corners[1])


def test_nothing_is_told_but_pixels() -> None:
    exif = Image.Exif()
    exif[0x010E] = "A secret place"
    note = PngInfo()
    note.add_text("Comment", "A secret place")
    for picture in (
        picture_of(plain(600, 20), exif=exif, comment=b"A secret place", icc_profile=b"A secret"),
        picture_of(plain(60, 20), "GIF", comment=b"A secret place"),
        picture_of(plain(60, 20), "PNG", pnginfo=note),
    ):
        picture.image.info["comment"] = b"A secret place"
        thumbnail = jpeg_of(picture.image, 512)
        assert b"secret" not in thumbnail
        assert not any(marker in thumbnail for marker in (b"\xff\xe1", b"\xff\xe2", b"\xff\xfe"))


def test_a_thumbnail_is_made_once(
    thumbnails: Thumbnails, store: ImageStore, kept: Documents
) -> None:
    etag = store.put_image(NAME, RED)
    thumbnails.keep(NAME, etag, picture_from(RED))
    (blob,) = kept.every("")

    thumbnails.keep(NAME, etag, picture_from(RED))
    first = thumbnails.get(NAME, "small")
    second = thumbnails.get(NAME, "small", first.version)

    assert kept.every("") == [blob]
    assert first == second
    assert first.version == version(RED)
    assert blob.metadata == {"version": version(RED), "etag": etag}


def test_large_and_small_lie_side_by_side(
    thumbnails: Thumbnails, store: ImageStore, kept: Documents
) -> None:
    store.put_image(NAME, RED)
    assert seen(thumbnails.get(NAME, "large")).size == (800, 600)
    assert seen(thumbnails.get(NAME, "small")).size == (512, 384)
    assert len(kept.every("")) == 2


def test_they_are_kept_as_jpegs(
    thumbnails: Thumbnails, store: ImageStore, blobs: BlobServiceClient, settings: Settings
) -> None:
    store.put_image(NAME, RED)
    thumbnails.get(NAME, "small")
    container = blobs.get_container_client(settings.thumbnails_container)
    (blob,) = container.list_blobs()
    assert blob.content_settings.content_type == "image/jpeg"


@pytest.mark.parametrize("asked", [None, version(RED), version(GREEN)])
def test_a_replaced_image_gets_a_new_one(
    thumbnails: Thumbnails, store: ImageStore, asked: str | None
) -> None:
    store.put_image(NAME, RED)
    thumbnails.get(NAME, "small")
    store.put_image(NAME, GREEN)
    if asked == version(RED):
        # Who names the version that is kept wants that one, and saves a look at the image.
        assert thumbnails.get(NAME, "small", asked).version == asked
        return
    found = thumbnails.get(NAME, "small", asked)
    assert found.version == version(GREEN)
    assert is_like(seen(found), (5, 5), (0, 255, 0))


def test_a_made_up_version_gives_the_image_as_it_is_and_makes_nothing_anew(
    thumbnails: Thumbnails, store: ImageStore, kept: Documents
) -> None:
    store.put_image(NAME, RED)
    thumbnails.get(NAME, "small")
    before = kept.every("")
    assert thumbnails.get(NAME, "small", "0" * 16).version == version(RED)
    assert kept.every("") == before


def test_of_an_image_that_is_gone_the_last_one_is_shown(
    thumbnails: Thumbnails, store: ImageStore, blobs: BlobServiceClient, settings: Settings
) -> None:
    store.put_image(NAME, RED)
    shown = thumbnails.get(NAME, "small")
    blobs.get_blob_client(settings.images_container, NAME).delete_blob()
    assert thumbnails.get(NAME, "small") == shown
    with pytest.raises(ImageNotFound):
        thumbnails.get(NAME, "large")


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (RED[:300], CorruptImage),
        (b"<svg onload=alert(1)>", UnsupportedImage),
        (bytes(LIMIT + 1), ImageTooLarge),
    ],
    ids=["corrupt", "no image", "too large"],
)
def test_what_is_no_picture_is_told_even_where_it_replaced_one(
    thumbnails: Thumbnails, store: ImageStore, data: bytes, fault: type[Exception]
) -> None:
    store.put_image(NAME, RED)
    thumbnails.get(NAME, "small")
    store.put_image(NAME, data)
    with pytest.raises(fault):
        thumbnails.get(NAME, "small")


@pytest.mark.parametrize(
    "name", ["x" * 1024, "\U0001f600" * 255, "<img src=x onerror=alert(1)>.jpg", "50%25off.jpg"]
)
def test_any_name_that_an_image_may_have_will_do(
    thumbnails: Thumbnails, store: ImageStore, name: str
) -> None:
    store.put_image(name, RED)
    assert thumbnails.get(name, "small").version == version(RED)


@pytest.mark.parametrize("name", ["", "../secrets/a.jpg", "a\\b.jpg", "\ud800.jpg", "x" * 1025])
def test_a_name_that_no_image_can_have_is_refused(thumbnails: Thumbnails, name: str) -> None:
    with pytest.raises(InvalidRequest):
        thumbnails.get(name, "small")


def test_what_is_forgotten_is_gone(
    thumbnails: Thumbnails, store: ImageStore, kept: Documents
) -> None:
    store.put_image(NAME, RED)
    store.put_image("other.jpg", RED)
    for name in (NAME, "other.jpg"):
        thumbnails.get(name, "small")
        thumbnails.get(name, "large")
    thumbnails.forget(NAME)
    thumbnails.forget(NAME)
    assert len(kept.every("")) == 2


class Full(Documents):
    """A container that takes nothing."""

    def put(self, name, data, *, metadata=None) -> None:
        raise StoreUnavailable("The storage account is busy.")


def test_what_cannot_be_kept_is_shown_and_logged(
    blobs: BlobServiceClient,
    settings: Settings,
    store: ImageStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    full = Full(blobs.get_container_client(settings.thumbnails_container))
    thumbnails = Thumbnails(full, store, partial(decode, max_bytes=LIMIT, max_pixels=10**8))
    etag = store.put_image(NAME, RED)
    with caplog.at_level(logging.WARNING):
        thumbnails.keep(NAME, etag, picture_from(RED))
        assert seen(thumbnails.get(NAME, "small")).size == (512, 384)
    assert [record.message for record in caplog.records if "is kept" in record.message] == [
        f"No thumbnail of {NAME!r} is kept",
        f"No thumbnail of {NAME!r} is kept: The storage account is busy.",
    ]
