"""Images and sidecars against a real emulator of the storage account."""

import gzip
import socket
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobServiceClient, ContentSettings
from azure.storage.queue import QueueServiceClient

from captioner.errors import (
    ImageExists,
    ImageNotFound,
    ImageTooLarge,
    InvalidRequest,
    RecordNotFound,
    RecordUnreadable,
    StoreConflict,
    StoreError,
    StoreRefused,
    StoreUnavailable,
)
from captioner.records import CaptionRecord, ImageFacts, now
from captioner.settings import Settings, StorageConnection
from captioner.store import RETRY_QUEUE, ImagePage, ImageStore, sidecar_name
from captioner.store.account import translated
from tests.support.azurite import Azurite

LIMIT = 20 * 2**20

NAMES = [
    "plain.jpg",
    "a b+#%é.jpg",
    "dir/x y.png",
    "50%25off.jpg",
    "q?a=1&b=2.jpg",
    "~'(),;=&$@!.jpg",
    "trailing.dots..",
    " spaces around .jpg ",
    "a//b.jpg",
    "日本語/写真.jpg",
    "é.jpg",
    "no extension",
    "x" * 1024,
    "日" * 1020 + ".jpg",
]


@pytest.fixture
def settings(unique_name: Callable[[str], str]) -> Settings:
    return Settings(
        images_container=unique_name("images"),
        captions_container=unique_name("captions"),
        max_image_bytes=LIMIT,
    )


@pytest.fixture
def store(azurite: Azurite, settings: Settings) -> Iterator[ImageStore]:
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        store.ensure_containers()
        yield store


def record_of(name: str, etag: str = '"0x1"') -> CaptionRecord:
    moment = now()
    return CaptionRecord(
        image=ImageFacts(name=name, etag=etag),
        captions=(),
        alt_text=None,
        problems=(),
        created=moment,
        updated=moment,
    )


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name[:20])
def test_any_legal_name_round_trips(store: ImageStore, name: str) -> None:
    data = name.encode()

    etag = store.put_image(name, data)
    image = store.get_image(name)
    record = record_of(name, etag)
    store.put_record(record, None)

    assert (image.name, image.data, image.etag) == (name, data, etag)
    assert store.find_image(name).etag == etag
    assert [(each.name, each.etag, each.size) for each in store.list_images()] == [
        (name, etag, len(data))
    ]
    assert store.get_record(name)[0] == record


@pytest.mark.parametrize(
    "name", ["", "../captions/x", "a/../b", "./a", "a/..", "x" * 1025, "a\\b", "\udcff"]
)
def test_a_name_that_no_blob_can_have_reaches_nothing(store: ImageStore, name: str) -> None:
    for use in (store.find_image, store.get_image, store.get_record):
        with pytest.raises(InvalidRequest):
            use(name)
    with pytest.raises(InvalidRequest):
        store.put_image(name, b"x")


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("\x1b[31mred.jpg", "control characters"),
        ("line\nbreak.jpg", "control characters"),
        ("\uffff", "control characters"),
        ("attic/", "end with '/'"),
    ],
)
def test_a_name_that_would_hinder_listing_is_not_written(
    store: ImageStore, name: str, fault: str
) -> None:
    with pytest.raises(InvalidRequest, match=fault):
        store.put_image(name, b"x")
    assert not list(store.list_images())


def test_images_are_listed_page_by_page(
    store: ImageStore, blobs: BlobServiceClient, settings: Settings
) -> None:
    etags = {name: store.put_image(name, b"x") for name in ("a.jpg", "b/c.jpg", "d.jpg")}
    directory = blobs.get_blob_client(settings.images_container, "b")
    directory.upload_blob(b"", metadata={"hdi_isfolder": "true"})

    first = store.page_of_images(None, size=2)
    last = store.page_of_images(first.next, size=2)

    assert {each.name: each.etag for each in (*first.images, *last.images)} == etags
    assert [each.name for each in first.images] == ["a.jpg"]
    assert last.next is None


def test_a_container_that_is_not_there_has_no_page_of_images(
    azurite: Azurite, unique_name: Callable[[str], str]
) -> None:
    connection = StorageConnection(connection_string=azurite.connection_string)
    settings = Settings(images_container=unique_name("none"))
    with ImageStore.connect(connection, settings) as store:
        assert store.page_of_images(None, size=2) == ImagePage((), None)


def test_sidecars_of_long_names_that_begin_alike_differ() -> None:
    one, other = "x" * 1023 + "1", "x" * 1023 + "2"

    assert sidecar_name("a/b.jpg") == "a/b.jpg.json"
    assert sidecar_name(one) != sidecar_name(other)
    assert len(sidecar_name(one)) == 1024


def test_no_image_can_be_named_after_the_sidecar_of_another() -> None:
    sidecar = sidecar_name("x" * 1024)

    assert sidecar_name(sidecar.removesuffix(".json")) != sidecar


def test_an_image_in_many_parts_comes_whole(store: ImageStore) -> None:
    data = bytes(range(256)) * (LIMIT // 256)

    store.put_image("large.jpg", data)

    assert store.get_image("large.jpg").data == data


def test_an_image_over_the_limit_is_refused_after_its_first_part(store: ImageStore) -> None:
    store.put_image("huge.jpg", bytes(LIMIT + 1))

    with pytest.raises(ImageTooLarge, match="20,971,521"):
        store.get_image("huge.jpg")
    assert store.find_image("huge.jpg").size == LIMIT + 1


def test_an_empty_image_is_an_image(store: ImageStore) -> None:
    store.put_image("empty.jpg", b"")

    assert store.get_image("empty.jpg").data == b""


def test_an_image_that_says_it_is_compressed_is_not_unfolded(
    store: ImageStore, blobs: BlobServiceClient, settings: Settings
) -> None:
    bomb = gzip.compress(bytes(LIMIT * 2))
    packed = ContentSettings(content_type="image/png", content_encoding="gzip")
    image = blobs.get_blob_client(settings.images_container, "bomb.png")
    image.upload_blob(bomb, content_settings=packed)

    assert store.get_image("bomb.png").data == bomb


@pytest.mark.parametrize(
    ("endpoint", "container", "owned"),
    [
        ("https://museum.blob.core.windows.net", "images", True),
        ("https://museum-secondary.blob.core.windows.net", "images", True),
        ("https://museum.z12.blob.storage.azure.net", "captions", True),
        ("https://museum.blob.core.windows.net", "jobs", True),
        ("https://museum.blob.core.windows.net", "pictures", False),
        ("https://gallery.blob.core.windows.net", "images", False),
        ("http://127.0.0.1:10000/museum", "images", True),
        ("http://127.0.0.1:10000/devstoreaccount1", "images", False),
    ],
)
def test_the_store_knows_its_containers_by_every_name(
    endpoint: str, container: str, owned: bool
) -> None:
    connection = StorageConnection(
        connection_string="DefaultEndpointsProtocol=https;AccountName=museum;AccountKey=AAAA"
    )
    with ImageStore.connect(connection, Settings()) as store:
        assert store.owns(endpoint, container) is owned


def test_an_emulators_account_is_the_stores_too(azurite: Azurite, store: ImageStore) -> None:
    emulator = StorageConnection(connection_string=azurite.connection_string).emulator
    assert emulator is not None
    assert store.owns(emulator, store.images_container)
    assert store.owns(emulator.replace("127.0.0.1", "localhost"), store.images_container)


def test_content_type_is_guessed_from_the_name_unless_told(store: ImageStore) -> None:
    store.put_image("a.png", b"x")
    store.put_image("b.png", b"x", content_type="image/webp")

    assert store.get_image("a.png").content_type == "image/png"
    assert store.get_image("b.png").content_type == "image/webp"


def test_url_names_the_blob(store: ImageStore, settings: Settings) -> None:
    assert store.image_url("a b/50%.jpg").endswith(f"/{settings.images_container}/a%20b/50%25.jpg")


def test_url_has_no_credentials(settings: Settings) -> None:
    blobs = BlobServiceClient("https://account.blob.core.windows.net?sv=1&sig=secret")
    queues = QueueServiceClient("https://account.queue.core.windows.net?sv=1&sig=secret")

    url = ImageStore(blobs, queues, settings).image_url("a.jpg")

    assert url == f"https://account.blob.core.windows.net/{settings.images_container}/a.jpg"


def test_marker_of_a_directory_is_no_image(
    store: ImageStore, settings: Settings, blobs: BlobServiceClient
) -> None:
    blobs.get_blob_client(settings.images_container, "attic").upload_blob(
        b"", metadata={"hdi_isfolder": "true"}
    )

    assert list(store.list_images()) == []
    with pytest.raises(ImageNotFound, match="directory"):
        store.find_image("attic")


def test_overwriting_an_image_changes_its_etag(store: ImageStore) -> None:
    first = store.put_image("a.jpg", b"1")

    assert store.put_image("a.jpg", b"2") != first
    assert store.get_image("a.jpg").data == b"2"


def test_what_is_not_there_is_not_found(store: ImageStore) -> None:
    with pytest.raises(ImageNotFound, match=r"'none\.jpg'"):
        store.find_image("none.jpg")
    with pytest.raises(ImageNotFound):
        store.get_image("none.jpg")
    with pytest.raises(RecordNotFound):
        store.get_record("none.jpg")


def test_a_sidecar_is_only_written_over_the_version_that_was_read(store: ImageStore) -> None:
    first, second = record_of("a.jpg", '"1"'), record_of("a.jpg", '"2"')

    version = store.put_record(first, None)
    with pytest.raises(StoreConflict):
        store.put_record(second, None)
    later = store.put_record(second, version)
    with pytest.raises(StoreConflict):
        store.put_record(first, version)

    assert store.get_record("a.jpg") == (second, later)


def test_a_sidecar_that_was_deleted_since_it_was_read_is_a_conflict(
    store: ImageStore, settings: Settings, blobs: BlobServiceClient
) -> None:
    version = store.put_record(record_of("a.jpg"), None)
    blobs.get_blob_client(settings.captions_container, "a.jpg.json").delete_blob()

    with pytest.raises(StoreConflict):
        store.put_record(record_of("a.jpg"), version)


def test_sidecars_are_json_for_people(
    store: ImageStore, settings: Settings, blobs: BlobServiceClient
) -> None:
    store.put_record(record_of("é.jpg"), None)

    sidecar = blobs.get_blob_client(settings.captions_container, "é.jpg.json").download_blob()

    assert sidecar.properties.content_settings.content_type == "application/json"
    assert '\n    "name": "é.jpg"' in sidecar.readall().decode()


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"schema_version": 2}'])
def test_a_sidecar_that_is_no_record_says_so(
    store: ImageStore, settings: Settings, blobs: BlobServiceClient, content: bytes
) -> None:
    blobs.get_blob_client(settings.captions_container, "a.jpg.json").upload_blob(content)

    with pytest.raises(RecordUnreadable, match="mend or delete"):
        store.get_record("a.jpg")


def test_missing_containers_are_made_by_the_first_write(
    azurite: Azurite, settings: Settings
) -> None:
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        with pytest.raises(StoreRefused):
            store.ping()
        store.put_record(record_of("a.jpg"), None)
        store.ping()


def test_retries_are_hidden_until_they_are_due(
    store: ImageStore, queues: QueueServiceClient
) -> None:
    queue = queues.get_queue_client(RETRY_QUEUE)
    queue.clear_messages()

    store.enqueue_retry("later", delay=timedelta(hours=1))
    store.enqueue_retry("at once", delay=timedelta())

    # In base64, as the host expects messages.
    assert [message.content for message in queue.receive_messages()] == ["YXQgb25jZQ=="]
    queue.clear_messages()


def test_a_store_that_cannot_be_reached_is_unavailable(settings: Settings) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/account?sig=x"
    with (
        BlobServiceClient(url, retry_total=0) as blobs,
        QueueServiceClient(url, retry_total=0) as queues,
    ):
        store = ImageStore(blobs, queues, settings)
        uses: list[Callable[[], object]] = [
            store.ping,
            store.ensure_containers,
            lambda: store.find_image("a.jpg"),
            lambda: store.get_image("a.jpg"),
            lambda: list(store.list_images()),
            lambda: store.get_record("a.jpg"),
            lambda: store.put_record(record_of("a.jpg"), None),
            lambda: store.enqueue_retry("x", delay=timedelta()),
        ]
        for use in uses:
            with pytest.raises(StoreUnavailable):
                use()


@pytest.mark.parametrize(
    ("status", "kind"), [(503, StoreUnavailable), (429, StoreUnavailable), (403, StoreRefused)]
)
def test_a_busy_account_is_a_passing_fault(status: int, kind: type[StoreError]) -> None:
    told = HttpResponseError("What the service says.")
    told.status_code = status

    with pytest.raises(kind), translated("image"):
        raise told


def test_wrong_credentials_are_refused_without_telling_them(
    azurite: Azurite, settings: Settings
) -> None:
    wrong = azurite.connection_string.replace("AccountKey=", "AccountKey=AAAA")
    with (
        ImageStore.connect(StorageConnection(connection_string=wrong), settings) as store,
        pytest.raises(StoreRefused, match="403") as refused,
    ):
        store.find_image("a.jpg")
    assert "AAAA" not in str(refused.value)


def test_a_malformed_connection_string_is_refused_without_telling_it(settings: Settings) -> None:
    with pytest.raises(StoreError) as refused:
        ImageStore.connect(StorageConnection(connection_string="AccountKey=secret"), settings)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None


def test_identity_needs_no_connection_string(settings: Settings) -> None:
    connection = StorageConnection(
        blob_endpoint="https://account.blob.core.windows.net",
        queue_endpoint="https://account.queue.core.windows.net",
        managed_identity=True,
        client_id="00000000-0000-0000-0000-000000000000",
    )
    with ImageStore.connect(connection, settings) as store:
        assert store.image_url("a.jpg").startswith("https://account.blob.core.windows.net/")


def test_an_image_is_not_written_over_where_it_may_not_be(store: ImageStore) -> None:
    etag = store.put_image("a.jpg", b"first", overwrite=False, metadata={"alt_text": "A dog"})
    with pytest.raises(ImageExists):
        store.put_image("a.jpg", b"second", overwrite=False)
    assert store.find_image("a.jpg").metadata == {"alt_text": "A dog"}

    later = store.put_image("a.jpg", b"third", replaces=etag)
    with pytest.raises(StoreConflict):
        store.put_image("a.jpg", b"fourth", replaces=etag)
    assert (store.get_image("a.jpg").data, store.get_image("a.jpg").etag) == (b"third", later)
    assert store.find_image("a.jpg").metadata == {}


@pytest.mark.parametrize("name", ["a.jpg?sv=1&sig=s3cret", "a.jpg%3Fsig%3Ds3cret", "a;SIG=s3cret"])
def test_a_signature_is_no_name_and_is_not_told_again(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        sidecar_name(name)
    assert "s3cret" not in caught.value.message
