"""The catalogue against a real emulator: who writes, who reads, who tidies up, all at once."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import msgspec
import pytest
from azure.storage.blob import BlobLeaseClient, BlobServiceClient

from captioner import catalogue as room
from captioner.catalogue import Catalogue, Position, Upkeep
from captioner.entries import latest
from captioner.errors import RecordNotFound, StoreConflict
from captioner.records import CaptionRecord, now, to_json
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs, ImageStore, Stock, sidecar_name
from captioner.store.change_log import LOG, ChangeLog
from tests.support.azurite import Azurite
from tests.support.records import change_of, record_of


@pytest.fixture
def settings(unique_name: Callable[[str], str]) -> Settings:
    return Settings(
        images_container=unique_name("images"), captions_container=unique_name("captions")
    )


@pytest.fixture
def connection(azurite: Azurite) -> StorageConnection:
    return StorageConnection(connection_string=azurite.connection_string)


@pytest.fixture
def store(connection: StorageConnection, settings: Settings) -> Iterator[ImageStore]:
    with ImageStore.connect(connection, settings) as store:
        yield store


@pytest.fixture
def catalogue_blobs(connection: StorageConnection, settings: Settings) -> Iterator[CatalogueBlobs]:
    with CatalogueBlobs.connect(connection, settings) as blobs:
        yield blobs


@pytest.fixture
def catalogue(catalogue_blobs: CatalogueBlobs) -> Catalogue:
    return Catalogue(catalogue_blobs)


@pytest.fixture
def upkeep(catalogue_blobs: CatalogueBlobs, store: ImageStore) -> Upkeep:
    return Upkeep(catalogue_blobs, store)


@pytest.fixture
def captions(blobs: BlobServiceClient, settings: Settings):
    return blobs.get_container_client(settings.captions_container)


def write(store: ImageStore, name: str, text: str) -> str:
    """Write a record over the one that is there."""
    try:
        _, etag = store.get_record(name)
    except RecordNotFound:
        etag = None
    return store.put_record(record_of(name, {"onnx": text}, updated=now()), etag)


def everything(catalogue: Catalogue) -> dict[str, str]:
    """Give the captions that a fresh reader finds, by image."""
    return texts(catalogue.read().changes)


def texts(changes) -> dict[str, str]:
    return {
        name: change.entry.captions[0].text
        for name, change in latest(changes).items()
        if change.entry
    }


def log_names(captions) -> list[str]:
    return [blob.name for blob in captions.list_blobs(name_starts_with=LOG)]


def test_before_anything_is_written_there_is_nothing(catalogue: Catalogue) -> None:
    assert everything(catalogue) == {}


def test_whoever_writes_a_sidecar_tells_the_log(store, catalogue) -> None:
    write(store, "a.jpg", "one")
    write(store, "日本/b.jpg", "two")
    write(store, "a.jpg", "three")

    assert everything(catalogue) == {"a.jpg": "three", "日本/b.jpg": "two"}


def test_a_write_that_fails_tells_nothing(store, catalogue) -> None:
    write(store, "a.jpg", "one")
    with pytest.raises(StoreConflict):
        store.put_record(record_of("a.jpg", {"onnx": "two"}), None)

    assert everything(catalogue) == {"a.jpg": "one"}


def test_a_deleted_record_is_gone(store, catalogue) -> None:
    etag = write(store, "a.jpg", "one")
    with pytest.raises(StoreConflict):
        store.delete_record("a.jpg", '"other"')
    store.delete_record("a.jpg", etag)
    with pytest.raises(RecordNotFound):
        store.delete_record("a.jpg", etag)

    assert everything(catalogue) == {}


def test_a_reader_is_told_what_followed_only(store, catalogue) -> None:
    write(store, "a.jpg", "one")
    first = catalogue.read()
    list(first.changes)
    write(store, "b.jpg", "two")

    second = catalogue.read(first.position)

    assert (first.anew, second.anew) == (True, False)
    assert texts(second.changes) == {"b.jpg": "two"}
    assert list(catalogue.read(second.position).changes) == []


def test_who_was_away_for_long_reads_everything(store, catalogue) -> None:
    write(store, "a.jpg", "one")
    position = catalogue.read().position
    long_ago = Position(position.offsets, now() - timedelta(hours=13))

    reading = catalogue.read(long_ago)

    assert reading.anew
    assert texts(reading.changes) == {"a.jpg": "one"}


def test_a_container_that_was_emptied_is_read_anew(store, catalogue, captions) -> None:
    write(store, "a.jpg", "one")
    position = catalogue.read().position
    captions.delete_blobs(*[blob.name for blob in captions.list_blobs()])
    write(store, "b.jpg", "two")

    reading = catalogue.read(position)

    assert reading.anew
    assert texts(reading.changes) == {"b.jpg": "two"}


def test_a_look_by_a_clock_far_ahead_is_not_believed(store, catalogue) -> None:
    write(store, "a.jpg", "one")
    position = catalogue.read().position

    assert catalogue.read(Position(position.offsets, now() + timedelta(days=2))).anew


def test_lines_that_are_no_changes_cost_no_others(store, catalogue, captions) -> None:
    write(store, "a.jpg", "one")
    (log,) = log_names(captions)
    for junk in (b'{"name": "half', b"\n\n", b"\xff\xfe\n", b'{"name": 1}\n', b"[" * 10_000):
        captions.get_blob_client(log).append_block(junk)
        write(store, f"{len(junk)}.jpg", "more")

    assert everything(catalogue) == {
        "a.jpg": "one",
        **{f"{size}.jpg": "more" for size in (14, 2, 3, 12, 10_000)},
    }


def test_many_changes_are_few_blocks(store, catalogue, catalogue_blobs, captions) -> None:
    write(store, "a.jpg", "one")
    changes = [change_of(record_of(f"{each}.jpg", {"onnx": "x" * 400})) for each in range(5_000)]

    catalogue_blobs.append(changes)

    counts = [
        captions.get_blob_client(name).get_blob_properties().append_blob_committed_block_count
        for name in log_names(captions)
    ]
    assert sorted(counts) == [1, 6]  # of a megabyte each
    assert len(everything(catalogue)) == 5_001


def test_a_segment_that_is_full_is_followed_by_another(captions, catalogue) -> None:
    log = ChangeLog(captions, most_blocks=2)
    for each in range(5):
        log.append([change_of(record_of(f"{each}.jpg", {"onnx": "x"}))])

    assert len(log_names(captions)) == 3
    assert len(everything(catalogue)) == 5


def test_a_segment_that_takes_no_more_is_followed_by_another(captions, catalogue) -> None:
    captions.create_container()
    log = ChangeLog(captions)
    log.append([change_of(record_of("a.jpg", {"onnx": "x"}))])
    (first,) = log_names(captions)
    line = captions.get_blob_client(first).download_blob().readall()
    captions.delete_blob(first)
    captions.upload_blob(first, line)  # no append blob: refused with the status of a full one

    log.append([change_of(record_of("b.jpg", {"onnx": "x"}))])

    assert len(log_names(captions)) == 2
    assert everything(catalogue) == {"a.jpg": "x", "b.jpg": "x"}


def test_work_that_another_took_over_is_left_to_it(
    store, upkeep, catalogue_blobs, captions, monkeypatch
) -> None:
    write(store, "a.jpg", "one")
    looks = []
    look = CatalogueBlobs.look

    def meanwhile(blobs: CatalogueBlobs) -> Stock:
        """The lease ends, as when the process was halted for long, and another has it."""
        looks.append(1)
        for what in ("compaction", "reconciliation"):
            lock = captions.get_blob_client(f".catalogue/{what}.lock")
            if lock.exists() and lock.get_blob_properties().lease.state == "leased":
                BlobLeaseClient(lock).break_lease(0)
                lock.acquire_lease(60)
        return look(blobs)

    monkeypatch.setattr(CatalogueBlobs, "look", meanwhile)

    assert upkeep.compact(force=True) is False
    assert upkeep.reconcile() is None
    assert len(looks) == 2, "it is not tried again"


def test_a_fold_keeps_everything_and_the_next_reader_reads_it_at_once(
    store, catalogue, upkeep, catalogue_blobs
) -> None:
    for each in range(20):
        write(store, f"{each}.jpg", "one")
    etag = write(store, "gone.jpg", "one")
    store.delete_record("gone.jpg", etag)
    write(store, "3.jpg", "two")
    before = everything(catalogue)
    old = catalogue.read().position

    assert upkeep.compact(force=True)
    assert not upkeep.compact(force=True)

    stock = catalogue_blobs.look()
    assert list(catalogue.log(stock, catalogue.header(stock).covered)) == []
    assert everything(catalogue) == before
    write(store, "4.jpg", "three")
    assert texts(catalogue.read(old).changes) == {"4.jpg": "three"}
    assert everything(catalogue) == {**before, "4.jpg": "three"}


def test_a_short_log_is_left_alone(store, upkeep, catalogue_blobs) -> None:
    write(store, "a.jpg", "one")

    assert not upkeep.compact()
    assert catalogue_blobs.look().snapshot is None


def test_a_long_log_is_folded_in_parts_that_fit_into_memory(
    store, catalogue, upkeep, catalogue_blobs, monkeypatch
) -> None:
    monkeypatch.setattr(room.upkeep, "_ROUND", 1)
    for process in range(3):
        log = CatalogueBlobs(
            catalogue_blobs._service,
            Settings(captions_container=catalogue_blobs._container.container_name),
        )
        log.append([change_of(record_of(f"{process}.jpg", {"onnx": "one"}))])

    assert upkeep.compact(force=True)

    stock = catalogue_blobs.look()
    assert catalogue.header(stock).covered == {each.name: each.size for each in stock.segments}
    assert everything(catalogue) == {f"{each}.jpg": "one" for each in range(3)}


def test_what_was_folded_long_ago_is_deleted_and_writers_go_on(
    store, catalogue, upkeep, captions, monkeypatch
) -> None:
    write(store, "a.jpg", "one")
    upkeep.compact(force=True)
    (first,) = log_names(captions)
    monkeypatch.setattr(room.upkeep, "KEPT", timedelta(days=-1))

    upkeep.compact()
    assert log_names(captions) == []
    write(store, "b.jpg", "two")

    assert log_names(captions) != [first]
    assert everything(catalogue) == {"a.jpg": "one", "b.jpg": "two"}


def test_a_segment_that_has_grown_is_not_deleted(store, catalogue_blobs, catalogue) -> None:
    write(store, "a.jpg", "one")
    (segment,) = catalogue_blobs.look().segments
    write(store, "b.jpg", "two")

    catalogue_blobs.delete_segment(segment)

    assert everything(catalogue) == {"a.jpg": "one", "b.jpg": "two"}


def test_only_one_folds_at_a_time(store, upkeep, catalogue_blobs) -> None:
    write(store, "a.jpg", "one")
    with catalogue_blobs.lease("compaction") as lease:
        assert lease is not None
        assert not upkeep.compact(force=True)

    assert upkeep.compact(force=True)


def test_a_snapshot_goes_over_the_one_that_was_read_only(
    store, upkeep, catalogue_blobs, tmp_path
) -> None:
    write(store, "a.jpg", "one")
    upkeep.compact(force=True)
    old = catalogue_blobs.look().snapshot
    write(store, "b.jpg", "two")
    upkeep.compact(force=True)

    for etag in (old, None):
        with (tmp_path / "new").open("w+b") as file, pytest.raises(StoreConflict):
            catalogue_blobs.replace_snapshot(file, etag)


def test_many_writers_and_folders_at_once_lose_nothing(
    connection, settings, upkeep, catalogue
) -> None:
    """Each writer as a process of its own would: with its own client and its own segment."""
    done = threading.Event()

    def write_some(writer: int) -> None:
        with ImageStore.connect(connection, settings) as store:
            for each in range(15):
                write(store, f"{writer}-{each}.jpg", "one")
                write(store, f"{writer}-{each}.jpg", "two")

    def fold() -> None:
        while not done.is_set():
            upkeep.compact(force=True)

    with ThreadPoolExecutor(6) as pool:
        folding = [pool.submit(fold) for _ in range(2)]
        writing = [pool.submit(write_some, each) for each in range(4)]
        for each in writing:
            each.result()
        done.set()
        for each in folding:
            each.result()

    expected = {f"{writer}-{each}.jpg": "two" for writer in range(4) for each in range(15)}
    assert everything(catalogue) == expected
    upkeep.compact(force=True)
    assert everything(catalogue) == expected


def test_what_a_crash_left_untold_is_told(store, upkeep, catalogue, captions) -> None:
    write(store, "told.jpg", "one")
    captions.upload_blob(
        sidecar_name("untold.jpg"), to_json(record_of("untold.jpg", {"onnx": "two"}))
    )

    mended = upkeep.reconcile()

    assert mended == room.Mended(sidecars=2, told=1, unreadable=0)
    assert everything(catalogue) == {"told.jpg": "one", "untold.jpg": "two"}
    assert upkeep.reconcile() == room.Mended(sidecars=2, told=0, unreadable=0)


def test_an_event_that_comes_again_tells_what_its_first_delivery_could_not(
    store, catalogue, captions
) -> None:
    captions.create_container()
    captions.upload_blob(sidecar_name("a.jpg"), to_json(record_of("a.jpg", {"onnx": "one"})))

    store.tell("a.jpg")
    store.tell("nothing.jpg")

    assert everything(catalogue) == {"a.jpg": "one"}


def edit(captions, name: str, record: CaptionRecord) -> None:
    captions.get_blob_client(sidecar_name(name)).upload_blob(to_json(record), overwrite=True)


def test_sidecars_that_others_edit_and_delete_are_heard_of(
    store, upkeep, catalogue, captions
) -> None:
    for name in ("edited.jpg", "deleted.jpg", "left.jpg"):
        write(store, name, "one")
    record, _ = store.get_record("edited.jpg")
    # By hand, within the same second, and without a new time in it.
    caption = msgspec.structs.replace(record.captions[0], text="by hand")
    edit(captions, "edited.jpg", msgspec.structs.replace(record, captions=(caption,)))
    captions.delete_blob(sidecar_name("deleted.jpg"))
    reader = catalogue.read().position

    mended = upkeep.reconcile()

    assert mended == room.Mended(sidecars=2, told=2, unreadable=0)
    assert everything(catalogue) == {"edited.jpg": "by hand", "left.jpg": "one"}
    assert {change.name for change in catalogue.read(reader).changes} == {
        "edited.jpg",
        "deleted.jpg",
    }
    upkeep.compact(force=True)
    assert upkeep.reconcile() == room.Mended(sidecars=2, told=0, unreadable=0)
    assert everything(catalogue) == {"edited.jpg": "by hand", "left.jpg": "one"}


def test_sidecars_that_are_none_are_counted_and_cost_no_others(
    store, upkeep, catalogue, captions
) -> None:
    write(store, "a.jpg", "one")
    captions.upload_blob("b.jpg.json", b"no JSON")
    captions.upload_blob("c.jpg.json", to_json(record_of("another.jpg", {"onnx": "x"})))

    assert upkeep.reconcile() == room.Mended(sidecars=3, told=0, unreadable=2)
    assert everything(catalogue) == {"a.jpg": "one"}


@pytest.mark.parametrize("left", [slice(20, None), slice(60), slice(0)], ids=str)
def test_a_damaged_snapshot_is_made_good(store, upkeep, catalogue, captions, left) -> None:
    for each in range(5):
        write(store, f"{each}.jpg", "one")
    upkeep.compact(force=True)
    captions.delete_blob(*log_names(captions))
    snapshot = captions.get_blob_client(".catalogue/snapshot.ndjson.gz")
    snapshot.upload_blob(snapshot.download_blob().readall()[left], overwrite=True)
    assert everything(catalogue) == {}

    upkeep.reconcile()

    assert len(everything(catalogue)) == 5
    assert upkeep.compact(force=True)
    assert len(everything(catalogue)) == 5


def test_names_that_no_image_can_have_do_not_stop_the_comparison(
    store, upkeep, catalogue, catalogue_blobs
) -> None:
    write(store, "a.jpg", "one")
    catalogue_blobs.append([change_of(record_of("../b.jpg", {"onnx": "x"}))])

    upkeep.reconcile()

    assert everything(catalogue) == {"a.jpg": "one"}


def test_a_fresh_reader_reads_the_snapshot_and_no_sidecar(
    store, upkeep, catalogue_blobs, connection, settings
) -> None:
    for each in range(30):
        write(store, f"{each}.jpg", "one")
    upkeep.compact(force=True)
    asked: list[str] = []
    with closing(
        BlobServiceClient.from_connection_string(
            connection.connection_string,
            raw_response_hook=lambda response: asked.append(response.http_request.url),
        )
    ) as service:
        found = everything(Catalogue(CatalogueBlobs(service, settings)))

    assert len(found) == 30
    assert len(asked) == 3, asked  # a listing of the catalogue, the snapshot's head, the snapshot
