"""Images that are sent: what becomes of them, against a real emulator."""

from base64 import b64decode
from collections.abc import Callable, Iterator
from functools import partial

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from captioner.errors import (
    CorruptImage,
    EmptyImage,
    ImageError,
    ImageExists,
    ImageNotFound,
    ImageTooLarge,
    InvalidRequest,
    StoreConflict,
    StoreUnavailable,
    UnsupportedImage,
)
from captioner.events import ImageEvents, Retry
from captioner.images import decode
from captioner.settings import Settings, StorageConnection
from captioner.store import RETRY_QUEUE, Documents, ImageEntry, ImageStore
from captioner.thumbnails import Thumbnails
from captioner.uploads import Uploads
from tests.support.azurite import Azurite
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.pictures import image_bytes, plain

NAME = "attic/a b+#%é.jpg"
RED = image_bytes(plain(80, 60, "red"))
BLUE = image_bytes(plain(60, 80, "blue"), "PNG")
LIMIT = 2**16


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
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner()


@pytest.fixture
def thumbnails(blobs: BlobServiceClient, store: ImageStore, settings: Settings) -> Thumbnails:
    kept = Documents(blobs.get_container_client(settings.thumbnails_container))
    return Thumbnails(kept, store, read)


@pytest.fixture
def events(store: ImageStore, own: ScriptedCaptioner, thumbnails: Thumbnails) -> ImageEvents:
    return ImageEvents(store, service_of(own), thumbnails)


@pytest.fixture
def uploads(store: ImageStore, thumbnails: Thumbnails, events: ImageEvents) -> Uploads:
    return Uploads(store, read, thumbnails, events)


@pytest.fixture
def waiting(queues: QueueServiceClient, store: ImageStore) -> Iterator[Callable[[], list[Retry]]]:
    """Give the messages that are due on the retry queue, and take them off it."""
    store.ensure_containers()
    queue = queues.get_queue_client(RETRY_QUEUE)
    queue.clear_messages()

    def take() -> list[Retry]:
        found = [b64decode(each.content) for each in queue.receive_messages()]
        queue.clear_messages()
        return [msgspec.json.decode(each, type=Retry) for each in found]

    yield take
    queue.clear_messages()


read = partial(decode, max_bytes=LIMIT, max_pixels=10**6)


def test_an_image_is_kept_as_what_it_is_and_seen_at_once(
    uploads: Uploads, store: ImageStore, thumbnails: Thumbnails, blobs: BlobServiceClient, settings
) -> None:
    upload, is_new = uploads.take(NAME, BLUE)

    stored = store.get_image(NAME)
    assert is_new
    assert (stored.data, stored.etag) == (BLUE, upload.etag)
    assert stored.content_type == upload.content_type == "image/png"
    assert (upload.name, upload.width, upload.height, upload.bytes) == (NAME, 60, 80, len(BLUE))
    blobs.get_blob_client(settings.images_container, NAME).delete_blob()
    assert thumbnails.get(NAME, "small").version == upload.version


def test_its_captions_are_asked_for_once(
    uploads: Uploads,
    store: ImageStore,
    events: ImageEvents,
    own: ScriptedCaptioner,
    waiting: Callable[[], list[Retry]],
) -> None:
    upload, _ = uploads.take(NAME, RED)
    (message,) = waiting()
    assert (message.name, message.etag, message.attempt) == (NAME, upload.etag, 0)

    events.retry(message)
    events.landed(store.images_container, NAME)
    events.retry(message)

    record, _ = store.get_record(NAME)
    assert record.image.etag == upload.etag
    assert len(own.batches) == 1


def test_the_record_knows_it_by_the_same_version(
    uploads: Uploads, store: ImageStore, events
) -> None:
    upload, _ = uploads.take(NAME, RED)
    events.landed(store.images_container, NAME)
    sha256 = store.get_record(NAME)[0].image.sha256
    assert isinstance(sha256, str)
    assert sha256.startswith(upload.version)


def test_a_fault_of_the_queue_costs_no_upload(
    uploads: Uploads,
    store: ImageStore,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StoreUnavailable("The queue is out of order.")

    monkeypatch.setattr(store, "enqueue_retry", refuse)
    uploads.take(NAME, RED)
    assert store.get_image(NAME).data == RED
    assert "waits for its event: The queue is out of order." in caplog.text


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", EmptyImage),
        (b"%PDF-1.7", UnsupportedImage),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", UnsupportedImage),
        (RED[:200], CorruptImage),
        (bytes(LIMIT + 1), ImageTooLarge),
        (image_bytes(plain(1001, 1000), "PNG"), ImageTooLarge),
    ],
    ids=["empty", "PDF", "SVG", "corrupt", "too many bytes", "too many pixels"],
)
def test_nothing_bad_is_kept(
    uploads: Uploads,
    store: ImageStore,
    waiting: Callable[[], list[Retry]],
    data: bytes,
    fault: type[Exception],
) -> None:
    store.put_image("before.jpg", RED)
    for name in ("new.jpg", "before.jpg"):
        with pytest.raises(fault):
            uploads.take(name, data)
    with pytest.raises(ImageNotFound):
        store.find_image("new.jpg")
    assert store.get_image("before.jpg").data == RED
    assert waiting() == []


@pytest.mark.parametrize(
    "name",
    [
        *("", ".catalogue/snapshot.jpg", "../captions/a.jpg", "a/./b.jpg", "a\\b.jpg"),
        *("a\nb.jpg", "a\x85b.jpg", "\ud800.jpg", "x" * 1025),
    ],
)
def test_names_that_no_image_may_have_are_refused(uploads: Uploads, name: str) -> None:
    with pytest.raises(InvalidRequest):
        uploads.take(name, RED)


def test_an_image_is_replaced_only_by_who_may(uploads: Uploads, store: ImageStore) -> None:
    first, _ = uploads.take(NAME, RED, overwrite=False)
    with pytest.raises(ImageExists):
        uploads.take(NAME, BLUE, overwrite=False)
    assert store.get_image(NAME).data == RED

    second, is_new = uploads.take(NAME, BLUE)
    assert not is_new
    assert store.get_image(NAME).data == BLUE
    assert first.version != second.version


def test_one_that_somebody_else_writes_meanwhile_is_not_written_over(
    uploads: Uploads, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = store.find_image

    def find_and_let_others_write(name: str) -> ImageEntry:
        try:
            return find(name)
        finally:
            store.put_image(NAME, BLUE)

    monkeypatch.setattr(store, "find_image", find_and_let_others_write)
    with pytest.raises(ImageExists):
        uploads.take(NAME, RED, overwrite=False)
    with pytest.raises(StoreConflict):
        uploads.take(NAME, RED)
    assert store.get_image(NAME).data == BLUE


@pytest.mark.parametrize("data", [b"", RED[:200]])
def test_what_is_no_image_is_told_before_its_name_is_taken(uploads: Uploads, data: bytes) -> None:
    uploads.take(NAME, RED)
    with pytest.raises(ImageError):
        uploads.take(NAME, data, overwrite=False)


def test_alt_text_that_no_record_has_yet_is_carried_over(
    uploads: Uploads, store: ImageStore
) -> None:
    store.put_image(NAME, RED, metadata={"Alt_Text": "My dog", "camera": "old"})
    uploads.take(NAME, BLUE)
    assert store.find_image(NAME).metadata == {"Alt_Text": "My dog"}


@pytest.mark.parametrize("looked_through", [True, False])
def test_alt_text_that_a_record_has_is_left_to_the_record(
    uploads: Uploads, store: ImageStore, events: ImageEvents, looked_through: bool
) -> None:
    store.put_image(NAME, RED, metadata={"alt_text": "My dog"})
    events.landed(store.images_container, NAME)
    record, etag = store.get_record(NAME)
    descriptions = () if looked_through else msgspec.UNSET
    store.put_record(msgspec.structs.replace(record, descriptions=descriptions), etag)

    uploads.take(NAME, BLUE)

    assert store.find_image(NAME).metadata == ({} if looked_through else {"alt_text": "My dog"})
