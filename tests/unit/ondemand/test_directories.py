"""Images of directories and the records beside them, on an emulator of storage."""

from collections.abc import Callable, Iterator
from functools import partial

import msgspec
import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient

from captioner.captioning import AS_SET, CaptioningService, Options
from captioner.errors import VisionRejected, VisionUnavailable
from captioner.ondemand import Kept, Listed, OnDemand, directories, images_in
from captioner.records import AltText, CaptionRecord, ModelName, from_json, now
from captioner.settings import Settings, StorageConnection
from captioner.sources import Directory, Sources
from tests.support.azurite import Azurite
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.directories import FULL, READ, sas_uri
from tests.support.pictures import image_bytes, plain

RED = image_bytes(plain(80, 60, "red"))
BLUE = image_bytes(plain(60, 80, "blue"))
NAME = "attic/a b+é.jpg"

type Caption = Callable[..., CaptionRecord]


@pytest.fixture
def container(blobs: BlobServiceClient, unique_name: Callable[[str], str]) -> ContainerClient:
    return blobs.create_container(unique_name("pictures"))


@pytest.fixture
def sources(azurite: Azurite) -> Iterator[Sources]:
    emulator = StorageConnection(connection_string=azurite.connection_string).emulator
    with Sources.of(Settings(), emulator=emulator) as sources:
        yield sources


@pytest.fixture
def opened(container: ContainerClient, sources: Sources) -> Callable[[str], Directory]:
    return lambda permission: sources.directory(sas_uri(container, permission))


@pytest.fixture
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner("onnx", "own words")


@pytest.fixture
def vision() -> ScriptedCaptioner:
    captioner = ScriptedCaptioner("azure-vision", "their words", model=ModelName("vision", "3.2"))
    captioner.languages = {"en", "es"}
    return captioner


@pytest.fixture
def service(own: ScriptedCaptioner, vision: ScriptedCaptioner) -> CaptioningService:
    return service_of(own, vision)


@pytest.fixture
def caption(service: CaptioningService, opened: Callable[[str], Directory]) -> Caption:
    """Ask for the one image of the directory, and for its record to be kept beside it."""
    on_demand = OnDemand(service, max_bytes=2**20)

    def caption(
        permission: str = FULL, options: Options = AS_SET, *, force: bool = False
    ) -> CaptionRecord:
        directory = opened(permission)
        made_since = now() if force else None
        is_complete = partial(
            service.is_complete, retrying=False, options=options, made_since=made_since
        )
        wanted = [Kept(directory, entry, is_complete) for entry in images_in(directory, 1) or []]
        (captioned,) = on_demand.caption(wanted, options, made_since=made_since)
        return captioned.record

    return caption


def beside(container: ContainerClient) -> CaptionRecord:
    return from_json(container.download_blob(f"{NAME}.json").readall())


def edit(container: ContainerClient, text: str = "Mezzetin, by Watteau") -> AltText:
    """Have a person write the alt text."""
    human = AltText(text, "human", "edited", by="ada", updated=now())
    edited = msgspec.structs.replace(beside(container), alt_text=human)
    container.upload_blob(f"{NAME}.json", msgspec.json.encode(edited), overwrite=True)
    return human


def codes(record: CaptionRecord) -> dict[str, str]:
    return {each.source: each.code for each in record.problems}


class TestListing:
    def fill(self, container: ContainerClient, images: int, others: int = 0) -> None:
        for each in range(images):
            container.upload_blob(f"{each:03}.jpg", b"x")
        for each in range(others):
            container.upload_blob(f"{each:03}.txt", b"x")

    @pytest.mark.parametrize("images", [0, 2, 3])
    def test_so_many_are_listed(
        self, container: ContainerClient, opened: Callable[[str], Directory], images: int
    ) -> None:
        self.fill(container, images, others=3)
        found = images_in(opened(READ), 3)

        assert found is not None
        assert [each.name for each in found] == [f"{each:03}.jpg" for each in range(images)]

    def test_more_are_not_listed_to_the_end(
        self,
        container: ContainerClient,
        opened: Callable[[str], Directory],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.fill(container, 7)
        monkeypatch.setattr(directories, "_PAGE", 2)
        directory = opened(READ)
        asked: list[str | None] = []
        page = directory.page
        monkeypatch.setattr(
            directory, "page", lambda token, size: asked.append(token) or page(token, size=size)
        )

        assert images_in(directory, 3) is None
        assert len(asked) == 2

    def test_too_much_beside_the_images_is_not_listed_to_the_end(
        self,
        container: ContainerClient,
        opened: Callable[[str], Directory],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.fill(container, 1, others=5)
        monkeypatch.setattr(directories, "_PAGE", 1)
        monkeypatch.setattr(directories, "_MOST_PAGES", 3)

        assert images_in(opened(READ), 3) is None


def test_an_image_is_captioned_and_nothing_is_written(
    container: ContainerClient, opened: Callable[[str], Directory], service: CaptioningService
) -> None:
    written = container.upload_blob(NAME, RED)
    directory = opened(FULL)
    (entry,) = images_in(directory, 1) or []

    (captioned,) = OnDemand(service, max_bytes=2**20).caption([Listed(directory, entry)])

    assert captioned.record.image.name == NAME
    assert captioned.record.image.url == written.url.partition("?")[0]
    assert captioned.record.image.etag == written.get_blob_properties().etag
    assert [blob.name for blob in container.list_blobs()] == [NAME]


def test_alt_text_that_came_with_an_image_is_answered(
    container: ContainerClient, opened: Callable[[str], Directory], service: CaptioningService
) -> None:
    container.upload_blob(NAME, RED, metadata={"Alt_Text": "R%C3%B6te"})
    directory = opened(FULL)
    (entry,) = images_in(directory, 1) or []

    (captioned,) = OnDemand(service, max_bytes=2**20).caption([Listed(directory, entry)])

    assert captioned.record.alt_text is not None
    assert captioned.record.alt_text.text == "Röte"
    assert captioned.record.alt_text.source == "blob-metadata"


class TestKept:
    @pytest.fixture(autouse=True)
    def image(self, container: ContainerClient) -> None:
        container.upload_blob(NAME, RED)

    def test_the_record_is_kept_beside_the_image(
        self, container: ContainerClient, caption: Caption
    ) -> None:
        record = caption()

        assert [each.text for each in record.captions] == ["own words", "their words"]
        assert beside(container) == record

    def test_a_complete_record_is_answered_as_it_is(
        self, container: ContainerClient, caption: Caption, own: ScriptedCaptioner
    ) -> None:
        first = caption()
        before = container.get_blob_client(f"{NAME}.json").get_blob_properties().etag

        assert caption() == first
        assert len(own.batches) == 1
        assert container.get_blob_client(f"{NAME}.json").get_blob_properties().etag == before

    def test_a_complete_record_needs_no_permission_to_write(self, caption: Caption) -> None:
        assert caption(READ).problems[0].source == "save"
        first = caption(FULL)

        assert caption(READ) == first

    def test_force_captions_again_and_keeps_what_people_wrote(
        self, container: ContainerClient, caption: Caption, own: ScriptedCaptioner
    ) -> None:
        caption()
        human = edit(container)
        own.text = "other words"

        record = caption(force=True)

        assert [each.text for each in record.captions] == ["other words", "their words"]
        assert record.alt_text == human
        assert beside(container) == record

    def test_force_keeps_the_captions_of_whom_it_does_not_ask(
        self, container: ContainerClient, caption: Caption, own: ScriptedCaptioner
    ) -> None:
        caption()
        own.text = "other words"

        caption(options=Options(captioners=("onnx",)), force=True)

        assert [each.text for each in beside(container).captions] == ["other words", "their words"]

    def test_another_image_is_captioned_anew_and_human_text_is_stale(
        self, container: ContainerClient, caption: Caption
    ) -> None:
        caption()
        edit(container)
        container.upload_blob(NAME, BLUE, overwrite=True)

        record = caption()

        assert record.alt_text is not None
        assert (record.alt_text.text, record.alt_text.stale) == ("Mezzetin, by Watteau", True)
        assert (record.image.width, record.needs_review) == (60, True)
        assert beside(container) == record

    def test_what_is_missing_for_a_passing_reason_is_completed(
        self,
        container: ContainerClient,
        caption: Caption,
        own: ScriptedCaptioner,
        vision: ScriptedCaptioner,
    ) -> None:
        vision.fault = VisionUnavailable("Later.")
        assert codes(caption()) == {"azure-vision": "vision_unavailable"}
        vision.fault = None

        record = caption()

        assert record.problems == ()
        assert [each.source for each in record.captions] == ["onnx", "azure-vision"]
        assert len(own.batches) == 1
        assert beside(container) == record

    def test_what_is_missing_for_good_is_not_asked_for_again(
        self, caption: Caption, vision: ScriptedCaptioner
    ) -> None:
        vision.fault = VisionRejected("Never.")
        first = caption()

        assert caption() == first
        assert len(vision.batches) == 1

    def test_what_is_no_image_is_told_beside_it_and_not_tried_again(
        self, container: ContainerClient, caption: Caption
    ) -> None:
        container.upload_blob(NAME, b"no image", overwrite=True)
        first = caption()

        assert codes(first) == {"image": "unsupported_image"}
        assert beside(container) == first == caption()

    def test_what_cannot_be_had_is_not_told_beside_it(
        self,
        container: ContainerClient,
        service: CaptioningService,
        opened: Callable[[str], Directory],
    ) -> None:
        directory = opened(FULL)
        (entry,) = images_in(directory, 1) or []
        container.delete_blob(NAME)
        wanted = Kept(directory, entry, partial(service.is_complete, retrying=False))

        (captioned,) = OnDemand(service, max_bytes=2**20).caption([wanted])

        assert codes(captioned.record) == {"image": "nothing_there"}
        assert list(container.list_blobs()) == []

    def test_a_wish_that_was_in_vain_does_not_last(
        self, container: ContainerClient, caption: Caption
    ) -> None:
        spanish = caption(options=Options(language="es"))

        assert codes(spanish) == {"onnx": "language_unsupported"}
        assert beside(container).problems == ()
        assert [each.source for each in caption().captions] == ["azure-vision", "onnx"]

    def test_alt_text_is_in_the_language_that_was_asked_for(self, caption: Caption) -> None:
        caption()
        spanish = caption(options=Options(language="es"))

        assert spanish.alt_text is not None
        assert spanish.alt_text.source == "azure-vision"

    @pytest.mark.parametrize("permission", [READ, "rlc"])
    def test_a_signature_that_may_not_write_is_a_problem(
        self, container: ContainerClient, caption: Caption, permission: str, own: ScriptedCaptioner
    ) -> None:
        caption()
        before = beside(container)

        record = caption(permission, force=True)

        assert [each.source for each in record.captions] == ["onnx", "azure-vision"]
        assert codes(record) == {"save": "sas_too_narrow"}
        assert beside(container) == before

    def test_what_somebody_else_keeps_there_is_not_written_over(
        self, container: ContainerClient, caption: Caption
    ) -> None:
        container.upload_blob(f"{NAME}.json", b'{"title": "Mezzetin"}')

        record = caption()

        assert codes(record) == {"save": "record_unreadable"}
        assert record.captions
        assert container.download_blob(f"{NAME}.json").readall() == b'{"title": "Mezzetin"}'


class TestMeanwhile:
    """What others do while an image is captioned."""

    @pytest.fixture(autouse=True)
    def image(self, container: ContainerClient) -> None:
        container.upload_blob(NAME, RED)

    @pytest.fixture
    def meanwhile(
        self, vision: ScriptedCaptioner, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[[Callable[[], object]], None]:
        """Have something done once, while Vision looks at the picture."""

        def set_up(do: Callable[[], object]) -> None:
            caption = vision.caption
            todo = [do]

            def interrupted(*args: object, **options: object) -> object:
                if todo:
                    todo.pop()()
                return caption(*args, **options)

            monkeypatch.setattr(vision, "caption", interrupted)

        return set_up

    def test_a_person_who_edits_is_not_written_over(
        self, container: ContainerClient, caption: Caption, meanwhile: Callable[..., None]
    ) -> None:
        caption()
        meanwhile(lambda: edit(container))

        record = caption(force=True)

        assert record.problems == ()
        assert record.alt_text is not None
        assert (record.alt_text.text, record.alt_text.by) == ("Mezzetin, by Watteau", "ada")
        assert beside(container) == record

    def test_another_who_captions_it_too_has_done_the_work(
        self, container: ContainerClient, caption: Caption, meanwhile: Callable[..., None]
    ) -> None:
        theirs: list[CaptionRecord] = []
        meanwhile(lambda: theirs.append(caption()))

        assert caption() == theirs[0] == beside(container)

    def test_a_record_of_an_older_image_is_not_written_over_that_of_a_newer(
        self, container: ContainerClient, caption: Caption, meanwhile: Callable[..., None]
    ) -> None:
        def replace() -> None:
            container.upload_blob(NAME, BLUE, overwrite=True)
            caption()

        meanwhile(replace)
        record = caption()

        assert codes(record) == {"save": "store_conflict"}
        assert (record.image.width, beside(container).image.width) == (80, 60)

    @pytest.mark.parametrize("permission", [FULL, READ], ids=["kept", "not kept"])
    def test_alt_text_that_came_with_an_image_is_told(
        self, container: ContainerClient, caption: Caption, permission: str
    ) -> None:
        container.upload_blob(NAME, RED, metadata={"alt_text": "A sunset"}, overwrite=True)

        record = caption(permission)

        assert record.alt_text is not None
        assert (record.alt_text.text, record.alt_text.status) == ("A sunset", "approved")
        assert bool(record.problem_of("save")) == (permission == READ)
