"""What one request asks of the captioners."""

from datetime import datetime, timedelta

import msgspec
import pytest

from captioner.captioning import CaptioningService, Image, Options
from captioner.errors import CaptionerNotConfigured, VisionRejected
from captioner.records import Alternative, CaptionRecord, ImageFacts, ModelName, Problem, now
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.pictures import image_bytes, plain

RED = image_bytes(plain(80, 60, "red"))
ETAG = '"0x1"'


@pytest.fixture
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner("onnx", "own words", confidence=0.9)


@pytest.fixture
def vision() -> ScriptedCaptioner:
    captioner = ScriptedCaptioner("azure-vision", "their words", model=ModelName("vision", "3.2"))
    captioner.languages = {"en", "es"}
    return captioner


@pytest.fixture
def service(own: ScriptedCaptioner, vision: ScriptedCaptioner) -> CaptioningService:
    return service_of(own, vision)


def record_by(
    service: CaptioningService,
    options: Options,
    previous: CaptionRecord | None = None,
    *,
    made_since: datetime | None = None,
) -> CaptionRecord:
    image = Image(ImageFacts(name="a.jpg", etag=ETAG), RED, previous)
    (captioned,) = service.caption([image], options, made_since=made_since)
    return captioned.record


def sources(record: CaptionRecord) -> list[str]:
    return [each.source for each in record.captions]


def codes(record: CaptionRecord) -> dict[str, str]:
    return {each.source: each.code for each in record.problems}


@pytest.mark.parametrize("asked", [("onnx",), ("azure-vision",), ("azure-vision", "onnx")])
def test_only_the_captioners_that_are_asked_caption(
    service: CaptioningService, own: ScriptedCaptioner, asked: tuple[str, ...]
) -> None:
    record = record_by(service, Options(captioners=asked))

    assert sorted(sources(record)) == sorted(asked)
    assert record.problems == ()
    assert len(own.batches) == ("onnx" in asked)


def test_a_captioner_that_is_not_set_up_is_a_problem(own: ScriptedCaptioner) -> None:
    record = record_by(service_of(own), Options(captioners=("onnx", "azure-vision")))

    assert sources(record) == ["onnx"]
    assert codes(record) == {"azure-vision": "captioner_not_configured"}


def test_a_language_that_a_captioner_lacks_is_a_problem(service: CaptioningService) -> None:
    record = record_by(service, Options(language="es"))

    assert [(each.source, each.language) for each in record.captions] == [("azure-vision", "es")]
    assert codes(record) == {"onnx": "language_unsupported"}


def test_a_language_that_nobody_writes_gives_no_caption(service: CaptioningService) -> None:
    record = record_by(service, Options(language="fr"))

    assert record.captions == ()
    assert codes(record) == {"onnx": "language_unsupported", "azure-vision": "language_unsupported"}


@pytest.mark.parametrize(("asked", "given"), [(None, 3), (2, 2), (0, 0), (10, 3)])
def test_no_more_alternatives_are_given_than_asked_for(
    service: CaptioningService, own: ScriptedCaptioner, asked: int | None, given: int
) -> None:
    own.alternatives = tuple(Alternative(f"words {each}", 0.1) for each in range(3))

    record = record_by(service, Options(alternatives=asked))

    assert record.captions[0].alternatives == own.alternatives[:given]


def test_captions_from_before_keep_their_alternatives(
    service: CaptioningService, own: ScriptedCaptioner
) -> None:
    own.alternatives = (Alternative("other words", 0.1),)
    before = record_by(service, Options())

    again = record_by(service, Options(alternatives=0), before)

    assert again.captions == before.captions


def test_captions_from_before_in_another_language_are_made_again(
    service: CaptioningService,
) -> None:
    before = record_by(service, Options())

    record = record_by(service, Options(language="es"), before)

    assert {each.source: each.language for each in record.captions} == {
        "onnx": "en",  # nobody has replaced it
        "azure-vision": "es",
    }
    assert record.alt_text is not None
    assert record.alt_text.source == "azure-vision"
    assert record_by(service, Options(language="en"), before).captions == before.captions


def test_what_is_asked_for_and_too_old_is_made_again(
    service: CaptioningService, own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    before = record_by(service, Options())
    own.text, vision.text = "new words", "their new words"
    onnx = Options(captioners=("onnx",))
    later = before.captions[0].created + timedelta(milliseconds=1)

    record = record_by(service, onnx, before, made_since=later)

    assert [each.text for each in record.captions] == ["new words", "their words"]
    kept = record_by(service, onnx, before, made_since=before.captions[0].created)
    assert kept.captions == before.captions


def test_what_is_too_old_is_kept_where_its_captioner_fails(
    service: CaptioningService, vision: ScriptedCaptioner
) -> None:
    before = record_by(service, Options())
    vision.fault = VisionRejected("Never.")

    record = record_by(service, Options(), before, made_since=now() + timedelta(seconds=1))

    assert record.captions[1] == before.captions[1]
    assert codes(record) == {"azure-vision": "vision_rejected"}


def test_a_record_is_complete_only_with_captions_that_are_not_too_old(
    service: CaptioningService,
) -> None:
    record = record_by(service, Options())
    moment = max(each.created for each in record.captions)
    later = moment + timedelta(hours=1)
    edited = msgspec.structs.replace(record, updated=later)
    failed = msgspec.structs.replace(
        edited,
        problems=tuple(Problem(each.source, "x", "Never.") for each in record.captions),
    )

    def is_complete(record: CaptionRecord, made_since: datetime | None) -> bool:
        return service.is_complete(record, ETAG, retrying=False, made_since=made_since)

    assert is_complete(record, None)
    assert not is_complete(record, later)
    assert not is_complete(edited, later)  # somebody wrote there, but no captioner
    assert is_complete(failed, later)
    assert not is_complete(failed, later + timedelta(hours=1))


def test_captioners_that_there_are_not_are_told(service: CaptioningService) -> None:
    both = Options(captioners=("azure-vision", "onnx"))
    service.require(Options())
    service.require(both)
    with pytest.raises(CaptionerNotConfigured, match="'azure-vision' is not set up"):
        service_of(ScriptedCaptioner()).require(both)


@pytest.mark.parametrize(
    ("options", "complete"),
    [
        (Options(), False),
        (Options(captioners=("onnx",)), True),
        (Options(captioners=("azure-vision",)), False),
        (Options(captioners=("onnx",), language="en"), True),
        (Options(captioners=("onnx",), language="es"), False),
    ],
)
def test_a_record_is_complete_where_it_holds_what_is_asked(
    service: CaptioningService, options: Options, complete: bool
) -> None:
    record = record_by(service, Options(captioners=("onnx",)))

    assert service.is_complete(record, ETAG, retrying=False, options=options) is complete


def test_wishes_can_be_kept_as_json() -> None:
    wishes = Options(captioners=("onnx",), language="en", alternatives=3, neutral=True)

    assert msgspec.json.decode(msgspec.json.encode(wishes), type=Options) == wishes
