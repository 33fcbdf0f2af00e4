"""What lands in storage -> sidecars, against a real emulator and captioners that do as told."""

import json
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from msgspec import UNSET

from captioner.catalogue import Catalogue
from captioner.entries import version_of
from captioner.errors import RecordNotFound, RecordUnreadable, VisionRejected, VisionThrottled
from captioner.events import ImageEvents, PoisonBlob, Retry
from captioner.images import Picture
from captioner.records import AltText, CaptionRecord, ModelName, now
from captioner.settings import Settings, StorageConnection
from captioner.store import RETRY_QUEUE, CatalogueBlobs, Documents, ImageStore, StoredImage
from captioner.thumbnails import Thumbnails
from tests.support.azurite import Azurite
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.pictures import image_bytes, plain

RED = image_bytes(plain(80, 60, "red"))
BLUE = image_bytes(plain(60, 80, "blue"))
NAME = "attic/a b+#%é.jpg"
LIMIT = 2**20


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
        store.ensure_containers()
        yield store


@pytest.fixture
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner("onnx", "own words")


@pytest.fixture
def vision() -> ScriptedCaptioner:
    return ScriptedCaptioner("azure-vision", "their words", model=ModelName("vision", "3.2"))


@pytest.fixture
def events(store: ImageStore, own: ScriptedCaptioner, vision: ScriptedCaptioner) -> ImageEvents:
    return ImageEvents(store, service_of(own, vision))


@pytest.fixture
def land(events: ImageEvents, store: ImageStore) -> Callable[[], CaptionRecord]:
    """Tell of the image and give its record."""

    def land() -> CaptionRecord:
        events.landed(store.images_container, NAME)
        return store.get_record(NAME)[0]

    return land


@pytest.fixture
def retries(queues: QueueServiceClient, store: ImageStore) -> Iterator[Callable[[], list[Retry]]]:
    """Give the messages that wait on the retry queue, due or not, and take them off it."""
    queue = queues.get_queue_client(RETRY_QUEUE)
    queue.clear_messages()

    def take() -> list[Retry]:
        # A message that is not due cannot be read; its count tells that it is there.
        waiting = queue.get_queue_properties().approximate_message_count
        due = [
            msgspec.json.decode(b64decode(message.content), type=Retry)
            for message in queue.receive_messages()
        ]
        queue.clear_messages()
        assert waiting == len(due), "a message is not due yet"
        return due

    yield take
    queue.clear_messages()


Land = Callable[[], CaptionRecord]


def no_record(store: ImageStore) -> bool:
    with pytest.raises(RecordNotFound):
        store.get_record(NAME)
    return True


def test_an_image_gets_its_sidecar(store: ImageStore, land: Land, settings: Settings) -> None:
    etag = store.put_image(NAME, RED)

    record = land()

    assert [caption.text for caption in record.captions] == ["own words", "their words"]
    assert record.image.name == NAME
    assert record.image.container == settings.images_container
    assert record.image.url == store.image_url(NAME)
    assert record.image.etag == etag


def test_the_same_event_again_does_nothing(
    store: ImageStore, land: Land, own: ScriptedCaptioner
) -> None:
    store.put_image(NAME, RED)
    land()
    before = store.get_record(NAME)

    land()

    assert len(own.batches) == 1
    assert store.get_record(NAME) == before


def test_the_same_event_again_tells_the_catalogue_what_the_first_could_not(
    store: ImageStore,
    land: Land,
    events: ImageEvents,
    blobs: BlobServiceClient,
    settings: Settings,
) -> None:
    catalogue = Catalogue(CatalogueBlobs(blobs, settings))
    store.put_image(NAME, RED)
    land()
    captions = blobs.get_container_client(settings.captions_container)
    for blob in captions.list_blob_names(name_starts_with=".catalogue/"):
        captions.delete_blob(blob)

    events.refresh(NAME)
    assert list(catalogue.read().changes) == []
    land()
    assert [change.name for change in catalogue.read().changes] == [NAME]


def test_the_same_event_at_the_same_moment_leaves_one_sidecar(
    store: ImageStore, events: ImageEvents, own: ScriptedCaptioner
) -> None:
    store.put_image(NAME, RED)
    own.gate = threading.Event()

    with ThreadPoolExecutor(20) as pool:
        landings = [pool.submit(events.landed, store.images_container, NAME) for _ in range(20)]
        own.gate.set()
        for landing in landings:
            landing.result()

    assert len(store.get_record(NAME)[0].captions) == 2


def test_an_overwritten_image_is_captioned_anew(
    store: ImageStore, land: Land, own: ScriptedCaptioner
) -> None:
    store.put_image(NAME, RED)
    first = land()
    etag = store.put_image(NAME, BLUE)
    own.text = "other words"

    second = land()

    assert second.image.etag == etag
    assert second.captions[0].text == "other words"
    assert second.created == first.created


def test_the_same_bytes_again_only_change_the_etag(
    store: ImageStore, land: Land, own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    store.put_image(NAME, RED)
    first = land()
    etag = store.put_image(NAME, RED)

    second = land()

    assert (second.image.etag, second.captions) == (etag, first.captions)
    assert len(own.batches) == len(vision.batches) == 1


def test_an_image_replaced_while_it_is_captioned_ends_with_the_later_one(
    store: ImageStore, events: ImageEvents, own: ScriptedCaptioner
) -> None:
    """The first event is held until the second has written its record."""
    store.put_image(NAME, RED)
    captioning = threading.Event()
    replaced = threading.Event()

    class Gate(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            own.gate = None
            captioning.set()
            return replaced.wait(timeout=30)

    own.gate = Gate()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(events.landed, store.images_container, NAME)
        assert captioning.wait(timeout=30)
        etag = store.put_image(NAME, BLUE)
        # A host of its own, as the first one's model is held up.
        other = ImageEvents(store, service_of(ScriptedCaptioner("onnx", "later words")))
        other.landed(store.images_container, NAME)
        replaced.set()
        first.result()

    record = store.get_record(NAME)[0]
    assert record.image.etag == etag
    assert record.captions[0].text == "later words"


def test_an_image_that_is_gone_gets_no_sidecar(store: ImageStore, events: ImageEvents) -> None:
    events.landed(store.images_container, NAME)

    assert no_record(store)


def test_an_image_that_goes_while_it_is_read_gets_no_sidecar(
    store: ImageStore, events: ImageEvents, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_image(NAME, RED)
    read = store.get_image

    def too_late(name: str) -> StoredImage:
        store.delete_image(name)
        return read(name)

    monkeypatch.setattr(store, "get_image", too_late)
    events.landed(store.images_container, NAME)

    assert no_record(store)


def test_a_directory_marker_gets_no_sidecar(
    store: ImageStore, events: ImageEvents, blobs: BlobServiceClient, settings: Settings
) -> None:
    blobs.get_blob_client(settings.images_container, NAME).upload_blob(
        b"", metadata={"hdi_isfolder": "true"}
    )

    events.landed(store.images_container, NAME)

    assert no_record(store)


def test_events_of_other_containers_do_nothing(
    store: ImageStore, events: ImageEvents, settings: Settings, own: ScriptedCaptioner
) -> None:
    store.put_image(NAME, RED)

    events.landed(settings.captions_container, NAME)
    events.platform_gave_up(PoisonBlob(settings.captions_container, NAME, "0x1"))

    assert no_record(store)
    assert own.batches == []


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_image"),
        (b"no picture at all", "unsupported_image"),
        (RED[:300], "corrupt_image"),
        (bytes(LIMIT + 1), "image_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_image_that_cannot_be_read_gets_a_record_that_says_so(
    store: ImageStore, land: Land, retries: Callable[[], list[Retry]], data: bytes, code: str
) -> None:
    etag = store.put_image(NAME, data)

    record = land()

    assert [(each.source, each.code) for each in record.problems] == [("image", code)]
    assert record.captions == ()
    assert (record.image.etag, record.image.bytes) == (etag, len(data))
    assert land() == record
    assert retries() == []


def edit(store: ImageStore) -> AltText:
    """Write alt text as a person would, through another hand than the captioner's."""
    record, version = store.get_record(NAME)
    human = AltText("my own cat", "person", "edited", by="A. Person", updated=now())
    store.put_record(msgspec.structs.replace(record, alt_text=human), version)
    return human


def test_human_text_survives_recaptioning(store: ImageStore, land: Land) -> None:
    store.put_image(NAME, RED)
    land()
    human = edit(store)
    store.put_image(NAME, RED)

    assert land().alt_text == human


def test_human_text_survives_another_image_and_is_stale(store: ImageStore, land: Land) -> None:
    store.put_image(NAME, RED)
    land()
    human = edit(store)
    store.put_image(NAME, BLUE)

    assert land().alt_text == msgspec.structs.replace(human, stale=True)


def test_text_that_a_person_writes_during_captioning_survives(
    store: ImageStore, events: ImageEvents, own: ScriptedCaptioner
) -> None:
    store.put_image(NAME, RED)
    events.landed(store.images_container, NAME)
    store.put_image(NAME, BLUE)
    human: list[AltText] = []

    class Gate(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            human.append(edit(store))
            return True

    own.gate = Gate()
    events.landed(store.images_container, NAME)

    record = store.get_record(NAME)[0]
    assert record.alt_text == msgspec.structs.replace(human[0], stale=True)
    assert record.image.width == 60
    assert len(own.batches) == 2  # the conflict costs no second run


def test_a_sidecar_that_cannot_be_read_is_never_written_over(
    store: ImageStore, events: ImageEvents, blobs: BlobServiceClient, settings: Settings
) -> None:
    store.put_image(NAME, RED)
    sidecar = blobs.get_blob_client(settings.captions_container, f"{NAME}.json")
    sidecar.upload_blob(b'{"schema_version": 2, "alt_text": "priceless"}')

    with pytest.raises(RecordUnreadable):
        events.landed(store.images_container, NAME)

    assert b"priceless" in sidecar.download_blob().readall()


class TestRetries:
    """What failed for a passing reason is completed later; what lasts is not asked for again."""

    @pytest.fixture(autouse=True)
    def image(self, store: ImageStore) -> None:
        store.put_image(NAME, RED)

    @pytest.fixture
    def schedule(
        self, store: ImageStore, monkeypatch: pytest.MonkeyPatch
    ) -> list[tuple[Retry, timedelta]]:
        """Collect what goes on the queue, with its delay, as no queue shows what is hidden."""
        sent: list[tuple[Retry, timedelta]] = []

        def enqueue(message: str, *, delay: timedelta) -> None:
            sent.append((msgspec.json.decode(message, type=Retry), delay))

        monkeypatch.setattr(store, "enqueue_retry", enqueue)
        return sent

    def test_throttled_vision_is_asked_again_when_it_said(
        self,
        land: Land,
        vision: ScriptedCaptioner,
        schedule: list[tuple[Retry, timedelta]],
    ) -> None:
        vision.fault = VisionThrottled("Later.", retry_after=timedelta(seconds=7))

        record = land()

        assert [caption.source for caption in record.captions] == ["onnx"]
        assert record.problems[0].code == "vision_throttled"
        (retry, delay), *none = schedule
        assert (retry.name, retry.etag, retry.attempt) == (NAME, record.image.etag, 1)
        assert delay == timedelta(seconds=7)
        assert none == []

    def test_a_retry_completes_the_record_and_touches_nothing_else(
        self,
        events: ImageEvents,
        store: ImageStore,
        land: Land,
        vision: ScriptedCaptioner,
        schedule: list[tuple[Retry, timedelta]],
    ) -> None:
        vision.fault = VisionThrottled("Later.")
        first = land()
        vision.fault = None

        events.retry(schedule[0][0])

        second = store.get_record(NAME)[0]
        assert second.captions[0] == first.captions[0]
        assert second.captions[1].text == "their words"
        assert second.problems == ()
        assert second.alt_text == first.alt_text

    def test_a_repeated_event_waits_for_the_retry(
        self, land: Land, vision: ScriptedCaptioner, schedule: list[tuple[Retry, timedelta]]
    ) -> None:
        vision.fault = VisionThrottled("Later.")
        land()
        land()

        assert len(vision.batches) == len(schedule) == 1

    def test_retries_come_less_and_less_often_and_end(
        self,
        events: ImageEvents,
        store: ImageStore,
        land: Land,
        vision: ScriptedCaptioner,
        schedule: list[tuple[Retry, timedelta]],
    ) -> None:
        vision.fault = VisionThrottled("Later.")
        land()
        for retry, _ in schedule:  # grows as it is worked off
            events.retry(retry)

        delays = [delay for _, delay in schedule]
        assert delays[:3] == [timedelta(minutes=minutes) for minutes in (1, 4, 16)]
        assert delays == sorted(delays)
        assert timedelta(days=1) < sum(delays, timedelta()) < timedelta(days=7)
        record = store.get_record(NAME)[0]
        assert record.problems[0].code == "vision_throttled"
        assert record.problems[0].retry_after is UNSET

    def test_a_retry_for_another_version_of_the_image_is_dropped(
        self,
        events: ImageEvents,
        store: ImageStore,
        land: Land,
        vision: ScriptedCaptioner,
        schedule: list[tuple[Retry, timedelta]],
    ) -> None:
        vision.fault = VisionThrottled("Later.")
        before = land()
        store.put_image(NAME, BLUE)

        events.retry(schedule[0][0])

        assert store.get_record(NAME)[0] == before
        assert len(vision.batches) == 1

    def test_a_retry_for_an_image_that_is_gone_is_dropped(
        self, events: ImageEvents, own: ScriptedCaptioner
    ) -> None:
        events.retry(Retry("gone.jpg", '"0x1"', attempt=1))

        assert own.batches == []

    def test_what_lasts_is_not_asked_for_again(
        self, land: Land, vision: ScriptedCaptioner, schedule: list[tuple[Retry, timedelta]]
    ) -> None:
        vision.fault = VisionRejected("They will not have it.")

        record = land()

        assert record.problems[0].code == "vision_rejected"
        assert record.problems[0].retry_after is UNSET
        assert schedule == []

    def test_a_message_is_on_the_queue_when_the_record_says_so(
        self, land: Land, vision: ScriptedCaptioner, queues: QueueServiceClient
    ) -> None:
        queue = queues.get_queue_client(RETRY_QUEUE)
        queue.clear_messages()
        vision.fault = VisionThrottled("Later.", retry_after=timedelta(milliseconds=1))

        record = land()

        assert record.problems[0].retry_after is not UNSET
        assert queue.get_queue_properties().approximate_message_count == 1
        queue.clear_messages()


class TestGivingUp:
    """The platform's poison messages become problems that can be seen, and are tried again."""

    def poison(self, settings: Settings, etag: str) -> PoisonBlob:
        message = {
            "Type": "BlobTrigger",
            "FunctionId": "Host.Functions.image_landed",
            "BlobType": "BlockBlob",
            "ContainerName": settings.images_container,
            "BlobName": NAME,
            "ETag": etag,
        }
        return msgspec.json.decode(json.dumps(message), type=PoisonBlob)

    @pytest.mark.parametrize("quotes", ['"', ""])
    def test_an_image_that_the_platform_gave_up_on_has_a_record(
        self,
        events: ImageEvents,
        store: ImageStore,
        settings: Settings,
        queues: QueueServiceClient,
        quotes: str,
    ) -> None:
        etag = store.put_image(NAME, RED)
        queue = queues.get_queue_client(RETRY_QUEUE)
        queue.clear_messages()

        events.platform_gave_up(self.poison(settings, quotes + etag.strip('"') + quotes))

        record = store.get_record(NAME)[0]
        assert record.image.etag == etag
        assert record.captions == ()
        (problem,) = record.problems
        assert problem.code == "captioning_failed"
        assert problem.retry_after is not UNSET
        assert queue.get_queue_properties().approximate_message_count == 1
        queue.clear_messages()

    def test_the_record_of_an_earlier_image_gives_way(
        self, events: ImageEvents, store: ImageStore, settings: Settings, land: Land
    ) -> None:
        store.put_image(NAME, RED)
        first = land()
        etag = store.put_image(NAME, BLUE)

        events.platform_gave_up(self.poison(settings, etag))

        record = store.get_record(NAME)[0]
        assert (record.image.etag, record.captions) == (etag, ())
        assert record.created == first.created

    def test_such_an_image_is_captioned_by_its_retry(
        self, events: ImageEvents, store: ImageStore, settings: Settings
    ) -> None:
        etag = store.put_image(NAME, RED)
        events.platform_gave_up(self.poison(settings, etag))

        events.retry(Retry(NAME, etag, attempt=1))

        record = store.get_record(NAME)[0]
        assert len(record.captions) == 2
        assert record.problems == ()

    def test_a_good_record_is_left_alone(
        self, events: ImageEvents, store: ImageStore, settings: Settings, land: Land
    ) -> None:
        etag = store.put_image(NAME, RED)
        before = land()

        events.platform_gave_up(self.poison(settings, etag))

        assert store.get_record(NAME)[0] == before

    def test_nothing_is_written_for_an_image_that_was_replaced_or_is_gone(
        self, events: ImageEvents, store: ImageStore, settings: Settings
    ) -> None:
        events.platform_gave_up(self.poison(settings, "0x1"))
        store.put_image(NAME, RED)
        events.platform_gave_up(self.poison(settings, "0x1"))

        assert no_record(store)

    def test_captions_and_human_text_survive_a_retry_that_fails(
        self,
        events: ImageEvents,
        store: ImageStore,
        land: Land,
        vision: ScriptedCaptioner,
    ) -> None:
        etag = store.put_image(NAME, RED)
        vision.fault = VisionThrottled("Later.", retry_after=timedelta(seconds=-1))
        land()
        human = edit(store)

        for attempt in (1, 2):
            events.retry_gave_up(Retry(NAME, etag, attempt=attempt))

        record = store.get_record(NAME)[0]
        assert [caption.source for caption in record.captions] == ["onnx"]
        assert record.alt_text == human
        assert [problem.code for problem in record.problems] == [
            "vision_throttled",
            "captioning_failed",
        ]

    def test_a_sidecar_that_is_no_record_is_left_alone_and_asked_for_again_later(
        self,
        events: ImageEvents,
        store: ImageStore,
        settings: Settings,
        blobs: BlobServiceClient,
        queues: QueueServiceClient,
    ) -> None:
        etag = store.put_image(NAME, RED)
        sidecar = blobs.get_blob_client(settings.captions_container, NAME + ".json")
        sidecar.upload_blob(b"edited by hand and broken")
        queue = queues.get_queue_client(RETRY_QUEUE)
        queue.clear_messages()

        events.platform_gave_up(self.poison(settings, etag))

        assert sidecar.download_blob().readall() == b"edited by hand and broken"
        assert queue.get_queue_properties().approximate_message_count == 1
        queue.clear_messages()


@pytest.mark.parametrize("name", ["a/../b.jpg", "", "x" * 1025])
def test_a_name_that_no_image_can_have_is_passed_over(
    store: ImageStore, events: ImageEvents, settings: Settings, own: ScriptedCaptioner, name: str
) -> None:
    events.landed(settings.images_container, name)
    events.retry(Retry(name, '"0x1"', attempt=1))
    events.retry_gave_up(Retry(name, '"0x1"', attempt=1))

    assert own.batches == []


@pytest.fixture
def kept(blobs: BlobServiceClient, settings: Settings) -> Documents:
    return Documents(blobs.get_container_client(settings.thumbnails_container))


def without_reading(_: bytes, *, enough: int) -> Picture:
    raise AssertionError("an image is decoded once only")


def test_an_image_is_decoded_once_for_captions_and_thumbnail(
    store: ImageStore, own: ScriptedCaptioner, kept: Documents
) -> None:
    thumbnails = Thumbnails(kept, store, without_reading)
    events = ImageEvents(store, service_of(own), thumbnails)
    store.put_image(NAME, RED)
    events.landed(store.images_container, NAME)
    (before,) = kept.every("")

    own.model = ModelName("another", "2")
    events.landed(store.images_container, NAME)
    assert len(own.batches) == 2
    assert kept.every("") == [before]

    store.put_image(NAME, BLUE)
    events.landed(store.images_container, NAME)
    (after,) = kept.every("")
    assert after.etag != before.etag
    assert thumbnails.get(NAME, "small").version == version_of(store.get_record(NAME)[0].image)


def test_a_thumbnail_that_cannot_be_kept_costs_no_caption(
    store: ImageStore,
    own: ScriptedCaptioner,
    blobs: BlobServiceClient,
    caplog: pytest.LogCaptureFixture,
) -> None:
    nowhere = Documents(blobs.get_container_client("NO LEGAL NAME"))
    events = ImageEvents(store, service_of(own), Thumbnails(nowhere, store, without_reading))
    store.put_image(NAME, RED)
    events.landed(store.images_container, NAME)
    record = store.get_record(NAME)[0]
    assert (len(record.captions), record.problems) == (1, ())
    assert "No thumbnail of" in caplog.text


def test_an_image_without_a_picture_gets_no_thumbnail(
    store: ImageStore, own: ScriptedCaptioner, kept: Documents
) -> None:
    events = ImageEvents(store, service_of(own), Thumbnails(kept, store, without_reading))
    store.put_image(NAME, b"no image")
    events.landed(store.images_container, NAME)
    assert kept.every("") == []


def test_an_image_that_is_expected_is_captioned_at_once(
    store: ImageStore,
    events: ImageEvents,
    own: ScriptedCaptioner,
    retries: Callable[[], list[Retry]],
) -> None:
    etag = store.put_image(NAME, RED)
    events.expect(NAME, etag)
    (message,) = retries()

    own.gate = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        by_message = pool.submit(events.retry, message)
        by_event = pool.submit(events.landed, store.images_container, NAME)
        own.gate.set()
        by_message.result()
        by_event.result()

    record = store.get_record(NAME)[0]
    assert (record.image.etag, len(record.captions)) == (etag, 2)
    assert retries() == []


def test_what_was_expected_and_is_replaced_is_left_to_the_later_one(
    store: ImageStore,
    events: ImageEvents,
    retries: Callable[[], list[Retry]],
    own: ScriptedCaptioner,
) -> None:
    events.expect(NAME, store.put_image(NAME, RED))
    (message,) = retries()
    store.put_image(NAME, BLUE)
    events.retry(message)
    assert no_record(store)
    assert own.batches == []
