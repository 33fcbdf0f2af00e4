"""Publishing, handing back, telling of the past and deleting, over a storage account."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient
from msgspec import UNSET

from captioner.curation import Curation, Outdated, anything
from captioner.errors import (
    ImageNotFound,
    InvalidRequest,
    NothingKept,
    RecordNotFound,
    RecordUnreadable,
    StoreUnavailable,
)
from captioner.events import ImageEvents
from captioner.records import CaptionRecord, from_json, to_json
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs, ImageStore
from tests.support.azurite import Azurite
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.pictures import image_bytes, plain

NAME = "attic/a b+#%é.jpg"
RED = image_bytes(plain(8, 8, "red"))
BLUE = image_bytes(plain(8, 8, "blue"))


@pytest.fixture
def settings(unique_name: Callable[[str], str]) -> Settings:
    return Settings(
        images_container=unique_name("images"), captions_container=unique_name("captions")
    )


@pytest.fixture
def store(azurite: Azurite, settings: Settings) -> Iterator[ImageStore]:
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, settings) as store:
        store.ensure_containers()
        yield store


@pytest.fixture
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner("onnx", "own words", review_threshold=0.9)


@pytest.fixture
def forgotten() -> list[str]:
    return []


@pytest.fixture
def rooms(
    store: ImageStore, own: ScriptedCaptioner, forgotten: list[str]
) -> tuple[ImageEvents, Curation]:
    captioning = service_of(own, ScriptedCaptioner("azure-vision", "their words"))
    return ImageEvents(store, captioning), Curation(store, captioning, forget=forgotten.append)


@pytest.fixture
def curation(rooms: tuple[ImageEvents, Curation]) -> Curation:
    return rooms[1]


@pytest.fixture
def land(store: ImageStore, rooms: tuple[ImageEvents, Curation]) -> Callable[[bytes], None]:
    def land(image: bytes) -> None:
        store.put_image(NAME, image)
        rooms[0].landed(store.images_container, NAME)

    return land


Land = Callable[[bytes], None]


@pytest.fixture
def captions(blobs: BlobServiceClient, settings: Settings) -> ContainerClient:
    return blobs.get_container_client(settings.captions_container)


def names_in(captions: ContainerClient) -> set[str]:
    """Name what is in the captions container besides the catalogue."""
    names = {each.name for each in captions.list_blobs()}
    return {name for name in names if not name.startswith(".catalogue/")}


def texts(curation: Curation) -> list[str]:
    return [each.text for each in curation.history(NAME).versions]


def test_an_edit_is_of_the_version_that_was_seen(
    curation: Curation, store: ImageStore, land: Land
) -> None:
    land(RED)
    _, etag = store.get_record(NAME)

    record, later = curation.publish(NAME, " Rex\n", expected=etag.__eq__, by="ada")

    assert store.get_record(NAME) == (record, later)
    with pytest.raises(Outdated) as caught:
        curation.publish(NAME, "Max", expected=etag.__eq__)
    current = caught.value.current
    assert current is not None
    assert (current.etag, current.alt_text) == (later, record.alt_text)
    assert texts(curation) == ["Rex", "own words"]


def test_of_many_at_once_one_wins_and_those_who_take_any_all_do(
    curation: Curation, store: ImageStore, land: Land
) -> None:
    land(RED)
    _, etag = store.get_record(NAME)
    start = threading.Barrier(4)

    def publish(text: str) -> bool:
        start.wait()
        try:
            curation.publish(NAME, text, expected=etag.__eq__)
        except Outdated:
            return False
        return True

    with ThreadPoolExecutor(4) as people:
        won = list(people.map(publish, "ABCD"))
    assert sorted(won) == [False, False, False, True]

    with ThreadPoolExecutor(3) as people:
        list(people.map(lambda text: curation.publish(NAME, text, expected=anything), "XYZ"))
    assert set(texts(curation)) == {"own words", "ABCD"[won.index(True)], *"XYZ"}


def test_a_text_that_is_not_fit_changes_nothing(
    curation: Curation, store: ImageStore, land: Land
) -> None:
    land(RED)
    before = store.get_record(NAME)
    for text in ("", "\u200b", "x" * 251):
        with pytest.raises(InvalidRequest):
            curation.publish(NAME, text, expected=anything)
    assert store.get_record(NAME) == before


def test_an_answer_that_was_lost_is_no_conflict(
    curation: Curation, store: ImageStore, land: Land, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK sends a request again, which then finds what it has written itself."""
    land(RED)
    _, etag = store.get_record(NAME)
    put = store.put_record

    def put_twice(record: CaptionRecord, etag: str | None) -> str:
        put(record, etag)
        return put(record, etag)

    monkeypatch.setattr(store, "put_record", put_twice)
    record, later = curation.publish(NAME, "Rex", expected=etag.__eq__)
    assert store.get_record(NAME) == (record, later)


def test_handed_back_the_text_is_chosen_and_judged_as_ever(
    curation: Curation, store: ImageStore, land: Land, own: ScriptedCaptioner
) -> None:
    land(RED)
    curation.publish(NAME, "Rex", expected=anything)

    record, etag = curation.hand_back(NAME, expected=anything)
    assert record.alt_text is not None
    assert (record.alt_text.text, record.alt_text.status) == ("own words", "machine")
    assert record.needs_review is True
    assert curation.hand_back(NAME, expected=anything) == (record, etag)

    curation.publish(NAME, "Rex", expected=anything)
    own.alt_text_threshold = 0.99
    record, _ = curation.hand_back(NAME, expected=anything)
    assert record.alt_text is not None
    assert record.alt_text.source == "azure-vision"


@pytest.mark.parametrize("act", ["publish", "hand_back", "history", "delete"])
def test_what_there_is_not_cannot_be_changed_or_told_of(curation: Curation, act: str) -> None:
    acts: dict[str, tuple[type[Exception], Callable[[], object]]] = {
        "publish": (RecordNotFound, lambda: curation.publish(NAME, "x", expected=anything)),
        "hand_back": (RecordNotFound, lambda: curation.hand_back(NAME, expected=anything)),
        "history": (NothingKept, lambda: curation.history(NAME)),
        "delete": (ImageNotFound, lambda: curation.delete(NAME)),
    }
    fault, call = acts[act]
    with pytest.raises(fault):
        call()


class TestDeletion:
    def test_all_goes_and_what_people_wrote_is_told_still(
        self, curation: Curation, store: ImageStore, land: Land, forgotten: list[str]
    ) -> None:
        land(RED)
        curation.publish(NAME, "Rex", expected=anything)
        before = curation.history(NAME)

        curation.delete(NAME)

        with pytest.raises(ImageNotFound):
            store.find_image(NAME)
        with pytest.raises(RecordNotFound):
            store.get_record(NAME)
        assert forgotten == [NAME]
        assert curation.history(NAME) == msgspec.structs.replace(before, deleted=True)

    def test_no_listing_takes_what_is_kept_for_a_sidecar(
        self,
        curation: Curation,
        land: Land,
        captions: ContainerClient,
        blobs: BlobServiceClient,
        settings: Settings,
    ) -> None:
        land(RED)
        curation.publish(NAME, "Rex", expected=anything)
        curation.delete(NAME)

        (kept,) = names_in(captions)
        assert kept.startswith(".kept/")
        assert list(CatalogueBlobs(blobs, settings).list_sidecars()) == []

    @pytest.mark.parametrize(("again", "stale"), [(RED, UNSET), (BLUE, True), (b"no image", True)])
    def test_what_people_wrote_comes_back(
        self, curation: Curation, land: Land, captions: ContainerClient, again: bytes, stale: object
    ) -> None:
        land(RED)
        curation.publish(NAME, "Max", expected=anything)
        before, _ = curation.publish(NAME, "Rex", expected=anything)
        curation.delete(NAME)

        land(again)

        record = from_json(captions.download_blob(f"{NAME}.json").readall())
        assert record.alt_text is not None
        assert (record.alt_text.text, record.alt_text.stale) == ("Rex", stale)
        assert record.history == before.history
        assert record.created == before.created
        assert names_in(captions) == {f"{NAME}.json"}

    def test_nothing_is_kept_of_what_nobody_wrote(
        self, curation: Curation, land: Land, captions: ContainerClient
    ) -> None:
        land(RED)
        curation.delete(NAME)
        assert names_in(captions) == set()
        with pytest.raises(NothingKept):
            curation.history(NAME)

    def test_a_record_whose_image_is_gone_goes_too(
        self, curation: Curation, store: ImageStore, land: Land
    ) -> None:
        land(RED)
        store.delete_image(NAME)
        curation.delete(NAME)
        with pytest.raises(RecordNotFound):
            store.get_record(NAME)

    def test_an_image_without_a_record_goes(self, curation: Curation, store: ImageStore) -> None:
        store.put_image(NAME, RED)
        with pytest.raises(Outdated) as caught:
            curation.delete(NAME, expected='"0x1"'.__eq__)
        assert caught.value.current is None
        curation.delete(NAME)
        with pytest.raises(ImageNotFound):
            store.find_image(NAME)

    def test_what_somebody_has_edited_meanwhile_stays(
        self, curation: Curation, store: ImageStore, land: Land
    ) -> None:
        land(RED)
        _, etag = store.get_record(NAME)
        curation.publish(NAME, "Rex", expected=anything)
        with pytest.raises(Outdated):
            curation.delete(NAME, expected=etag.__eq__)
        assert store.find_image(NAME)
        assert texts(curation) == ["Rex", "own words"]

    def test_what_was_kept_before_stays_with_what_is_kept_now(
        self, curation: Curation, store: ImageStore, land: Land
    ) -> None:
        land(RED)
        curation.publish(NAME, "Rex", expected=anything)
        record, etag = store.get_record(NAME)
        store.kept.write(record, None)
        store.delete_record(NAME, etag)
        other = msgspec.structs.replace(record, alt_text=None, history=())
        store.put_record(other, None)
        curation.publish(NAME, "Max", expected=anything)

        curation.delete(NAME)

        assert texts(curation) == ["Max", "Rex"]

    def test_the_bytes_of_a_sidecar_that_is_no_record_are_kept(
        self,
        curation: Curation,
        store: ImageStore,
        land: Land,
        captions: ContainerClient,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        land(RED)
        captions.upload_blob(f"{NAME}.json", b"{spoilt", overwrite=True)
        with pytest.raises(RecordUnreadable):
            curation.publish(NAME, "Rex", expected=anything)
        with pytest.raises(Outdated):
            curation.delete(NAME, expected='"0x1"'.__eq__)

        curation.delete(NAME)

        (kept,) = names_in(captions)
        assert captions.download_blob(kept).readall() == b"{spoilt"
        assert kept in caplog.text
        land(RED)
        assert store.get_record(NAME)

    def test_what_is_kept_and_is_no_record_gives_way_and_is_not_lost(
        self,
        curation: Curation,
        land: Land,
        captions: ContainerClient,
    ) -> None:
        land(RED)
        curation.publish(NAME, "Rex", expected=anything)
        curation.delete(NAME)
        (kept,) = names_in(captions)
        captions.upload_blob(kept, b"{spoilt", overwrite=True)

        land(RED)
        curation.publish(NAME, "Max", expected=anything)
        curation.delete(NAME)

        assert texts(curation) == ["Max", "own words"]
        (aside,) = names_in(captions) - {kept}
        assert captions.download_blob(aside).readall() == b"{spoilt"

    def test_a_sidecar_of_another_image_is_nobodys_to_change(
        self,
        curation: Curation,
        store: ImageStore,
        land: Land,
        captions: ContainerClient,
    ) -> None:
        land(RED)
        record, _ = store.get_record(NAME)
        foreign = msgspec.structs.replace(
            record, image=msgspec.structs.replace(record.image, name="other.jpg")
        )
        captions.upload_blob(f"{NAME}.json", to_json(foreign), overwrite=True)
        with pytest.raises(RecordUnreadable):
            curation.publish(NAME, "Rex", expected=anything)

    def test_a_deletion_that_was_cut_short_is_completed_by_another(
        self, store: ImageStore, land: Land
    ) -> None:
        land(RED)
        calls: list[str] = []

        def forget(name: str) -> None:
            calls.append(name)
            if len(calls) == 1:
                raise StoreUnavailable("The storage account is busy; try again later.")

        curation = Curation(store, service_of(ScriptedCaptioner()), forget=forget)
        with pytest.raises(StoreUnavailable):
            curation.delete(NAME)
        with pytest.raises(ImageNotFound):
            curation.delete(NAME)
        assert calls == [NAME, NAME]

    def test_an_image_deleted_while_it_is_captioned_has_no_record(
        self,
        rooms: tuple[ImageEvents, Curation],
        store: ImageStore,
        own: ScriptedCaptioner,
    ) -> None:
        events, curation = rooms
        captioning, deleted = threading.Event(), threading.Event()

        class Gate(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                captioning.set()
                return deleted.wait(timeout=30)

        own.gate = Gate()
        store.put_image(NAME, RED)
        with ThreadPoolExecutor(1) as worker:
            captioned = worker.submit(events.landed, store.images_container, NAME)
            assert captioning.wait(timeout=30)
            curation.delete(NAME)
            deleted.set()
            captioned.result()
        with pytest.raises(RecordNotFound):
            store.get_record(NAME)
