"""Records that are read to be exported, from a real emulator."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from captioner.catalogue import Catalogue
from captioner.collection import Collection, Filters
from captioner.composition import build_exports
from captioner.errors import RecordNotFound, StoreRefused
from captioner.exports import Exports, SidecarListing, why_unread
from captioner.records import Problem
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs, ImageStore, sidecar_name
from tests.support.azurite import Azurite
from tests.support.exported import human, machine, silent

CORRUPT = msgspec.structs.replace(
    silent("attic/broken.jpg"), problems=(Problem("image", "corrupt_image", "Damaged."),)
)
LONG = "long/" + "n" * 1019
NAMES = ["a.jpg", "a.jpg-2", "attic/b.jpg", "attic/c ü#?.jpg", LONG, "z.jpg"]


@pytest.fixture
def settings(unique_name: Callable[[str], str]) -> Settings:
    return Settings(captions_container=unique_name("captions"))


@pytest.fixture
def store(azurite: Azurite, settings: Settings) -> Iterator[ImageStore]:
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        yield store


@pytest.fixture
def blobs(azurite: Azurite, settings: Settings) -> Iterator[CatalogueBlobs]:
    connection = StorageConnection(connection_string=azurite.connection_string)
    with CatalogueBlobs.connect(connection, settings) as blobs:
        yield blobs


@pytest.fixture
def sidecars(blobs: CatalogueBlobs, store: ImageStore) -> SidecarListing:
    return SidecarListing(blobs, store)


@pytest.fixture
def collection(blobs: CatalogueBlobs, tmp_path: Path) -> Collection:
    return Collection(Catalogue(blobs), tmp_path, max_age=timedelta(days=1))


@pytest.fixture(params=["sidecars", "collection"])
def exports(settings: Settings, store: ImageStore, request: pytest.FixtureRequest) -> Exports:
    return build_exports(settings, store, request.getfixturevalue(request.param))


def everything(exports: Exports, limit: int, **filters: Any) -> list[str]:
    """Give the names in all parts, of which none but the last is small."""
    names: list[str] = []
    after = None
    while True:
        part = exports.part(Filters(**filters), after=after, limit=limit)
        names += [record.image.name for record in part.records]
        if part.next is None:
            return names
        assert len(part.records) == limit
        after = part.next


def test_records_come_in_the_order_asked_and_none_that_is_missing_ends_it(
    exports: Exports, store: ImageStore, azurite: Azurite, settings: Settings
) -> None:
    for name in ("b.jpg", "a.jpg"):
        store.put_record(machine(name), None)
    with azurite.blobs() as blobs:
        blobs.get_container_client(settings.captions_container).upload_blob(
            sidecar_name("odd.jpg"), b"no record"
        )
    asked = ["b.jpg", "lost.jpg", "odd.jpg", "../x.jpg", "a.jpg", "b.jpg"]

    records = list(exports.named(asked))

    assert [record.image.name for record in records] == asked[:-1]
    told = [problem and problem.code for problem in map(why_unread, records)]
    assert told == [None, "record_not_found", "record_unreadable", "invalid_request", None]
    with pytest.raises(RecordNotFound):
        exports.one("lost.jpg")


def test_a_picture_that_cannot_be_read_has_a_record_all_the_same() -> None:
    assert why_unread(CORRUPT) is None


@pytest.mark.parametrize("limit", [1, 2, 5, 6, 7])
def test_parts_hold_every_image_once(exports: Exports, store: ImageStore, limit: int) -> None:
    for name in NAMES:
        store.put_record(machine(name), None)

    found = everything(exports, limit)

    assert sorted(found) == sorted(NAMES)


def test_parts_go_on_past_an_image_that_is_gone(exports: Exports, store: ImageStore) -> None:
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        store.put_record(machine(name), None)
    part = exports.part(Filters(), after=None, limit=2)
    store.delete_record("b.jpg", store.get_record("b.jpg")[1])

    assert part.next == "b.jpg"
    assert [
        each.image.name for each in exports.part(Filters(), after="b.jpg", limit=2).records
    ] == ["c.jpg"]


def test_filters_leave_out_what_is_not_as_asked(exports: Exports, store: ImageStore) -> None:
    for record in (
        machine("attic/machine.jpg"),
        human(name="human.jpg"),
        human(name="stale.jpg", stale=True),
        CORRUPT,
    ):
        store.put_record(record, None)

    def found(**filters: Any) -> list[str]:
        return sorted(everything(exports, 2, **filters))

    assert found(status="edited") == ["human.jpg", "stale.jpg"]
    assert found(status="none") == ["attic/broken.jpg"]
    assert found(review="pending") == ["attic/broken.jpg", "attic/machine.jpg", "stale.jpg"]
    assert found(problem="any") == found(problem="corrupt_image") == ["attic/broken.jpg"]
    assert found(problem="vision_throttled") == []
    assert found(prefix="attic/", status="machine") == ["attic/machine.jpg"]
    assert found(source="onnx", prefix="s") == ["stale.jpg"]
    assert found(source="azure-vision") == []


def test_what_was_published_a_moment_ago_is_exported(exports: Exports, store: ImageStore) -> None:
    assert everything(exports, 2, status="edited") == []

    store.put_record(human(name="human.jpg"), None)

    assert everything(exports, 2, status="edited") == ["human.jpg"]


def test_a_sidecar_that_is_no_record_is_told_of_where_sidecars_are_listed(
    sidecars: SidecarListing, azurite: Azurite, settings: Settings
) -> None:
    with azurite.blobs() as account:
        account.create_container(settings.captions_container).upload_blob(
            sidecar_name("odd.jpg"), b"no record"
        )

    assert sidecars.names(Filters(), after=None, limit=2) == (["odd.jpg"], None)
    assert sidecars.names(Filters(status="none"), after=None, limit=2) == ([], None)


def test_a_collection_that_is_not_there_yet_is_empty(exports: Exports) -> None:
    assert exports.part(Filters(), after=None, limit=10).records == ()


def test_storage_that_refuses_ends_an_export(settings: Settings, azurite: Azurite) -> None:
    wrong = azurite.connection_string.replace("AccountKey=", "AccountKey=AAAA")
    connection = StorageConnection(connection_string=wrong)
    with (
        CatalogueBlobs.connect(connection, settings) as blobs,
        ImageStore.connect(connection, settings) as store,
        pytest.raises(StoreRefused),
    ):
        list(build_exports(settings, store, SidecarListing(blobs, store)).named(["a.jpg"]))
