"""How records are worded: every captioner's words and those kept from before, never a person's."""

import logging

import jsonschema
import msgspec
import pytest

from captioner.captioning import CaptioningService, Image, Lane, Options, inherit
from captioner.errors import VisionThrottled
from captioner.records import (
    AltText,
    CaptionRecord,
    ImageFacts,
    ModelName,
    json_schema,
    now,
    to_json,
)
from captioner.wording import Wording
from tests.support.captioners import ScriptedCaptioner
from tests.support.pictures import image_bytes, picture_from, plain

RED = image_bytes(plain(80, 60, "red"))
ETAG = '"0x1"'
NEUTRAL = Wording(neutral=True)


@pytest.fixture
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner("onnx", "a man and his dog")


@pytest.fixture
def vision() -> ScriptedCaptioner:
    return ScriptedCaptioner("azure-vision", "an old woman", model=ModelName("vision", "3.2"))


def service_of(
    wording: Wording, own: ScriptedCaptioner, vision: ScriptedCaptioner | None = None
) -> CaptioningService:
    def lane(captioner: ScriptedCaptioner) -> Lane[ScriptedCaptioner]:
        return Lane(captioner.source, lambda: captioner, batch_size=8, threads=1, timeout_s=30)

    return CaptioningService(picture_from, lane(own), vision and lane(vision), wording)


def record_by(
    service: CaptioningService,
    previous: CaptionRecord | None = None,
    *,
    neutral: bool | None = None,
) -> CaptionRecord:
    image = Image(ImageFacts(name="a.jpg", etag=ETAG), RED, previous)
    (captioned,) = service.caption([image], Options(neutral=neutral))
    return captioned.record


def texts(record: CaptionRecord) -> list[str]:
    return [caption.text for caption in record.captions]


def alt_text(record: CaptionRecord) -> str:
    assert record.alt_text is not None
    return record.alt_text.text


def test_every_captioner_is_worded_and_so_is_the_alt_text(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    record = record_by(service_of(NEUTRAL, own, vision))

    assert texts(record) == ["a person and their dog", "an old person"]
    assert alt_text(record) == "a person and their dog"


@pytest.mark.parametrize(
    ("wording", "wish", "text"),
    [
        (NEUTRAL, None, "a person and their dog"),
        (NEUTRAL, False, "a man and his dog"),
        (Wording(), True, "a person and their dog"),
        (Wording(), None, "a man and his dog"),
    ],
)
def test_a_request_goes_before_the_setting(
    own: ScriptedCaptioner, wording: Wording, wish: bool | None, text: str
) -> None:
    assert texts(record_by(service_of(wording, own), neutral=wish)) == [text]


def test_a_changed_setting_captions_nothing_anew(own: ScriptedCaptioner) -> None:
    before = record_by(service_of(Wording(), own))

    assert service_of(NEUTRAL, own).is_complete(before, ETAG, retrying=False)


def test_kept_captions_are_worded_when_a_record_is_written_again(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    vision.fault = VisionThrottled("Later.")
    before = record_by(service_of(Wording(), own, vision))
    vision.fault = None

    after = inherit(record_by(service_of(NEUTRAL, own, vision), before), before)

    assert texts(after) == ["a person and their dog", "an old person"]
    assert alt_text(after) == "a person and their dog"
    assert len(own.batches) == 1


def test_writing_a_record_again_words_nothing_twice(own: ScriptedCaptioner) -> None:
    service = service_of(NEUTRAL, own)
    before = record_by(service)

    assert record_by(service, before).captions == before.captions


def test_a_persons_words_are_never_touched(own: ScriptedCaptioner) -> None:
    service = service_of(Wording(neutral=True, blocked=("man",)), own)
    human = AltText("The man who wrote this", "person", "edited", by="A. Person", updated=now())
    before = msgspec.structs.replace(record_by(service), alt_text=human)

    assert inherit(record_by(service, before), before).alt_text == human


class TestBlocked:
    def test_a_caption_that_may_not_be_used_is_missing_for_good(
        self, own: ScriptedCaptioner, vision: ScriptedCaptioner
    ) -> None:
        service = service_of(Wording(blocked=("dog",)), own, vision)

        record = record_by(service)

        assert texts(record) == [alt_text(record)] == ["an old woman"]
        (problem,) = record.problems
        assert (problem.source, problem.code) == ("onnx", "caption_blocked")
        assert problem.retry_after is msgspec.UNSET
        assert service.is_complete(record, ETAG, retrying=True)
        assert b"dog" not in to_json(record)
        jsonschema.validate(msgspec.json.decode(to_json(record)), json_schema())

    def test_nothing_may_be_left(
        self, own: ScriptedCaptioner, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            record = record_by(service_of(Wording(blocked=("dog",)), own))

        assert (record.captions, record.alt_text) == ((), None)
        assert [problem.code for problem in record.problems] == ["caption_blocked"]
        assert "dog" not in caplog.text

    def test_a_kept_caption_is_looked_at_too(self, own: ScriptedCaptioner) -> None:
        before = record_by(service_of(Wording(), own))

        record = record_by(service_of(Wording(blocked=("dog",)), own), before)

        assert record.captions == ()

    def test_a_new_model_that_fails_for_now_is_what_to_wait_for(
        self, own: ScriptedCaptioner
    ) -> None:
        before = record_by(service_of(Wording(), own))
        busy = ScriptedCaptioner("onnx", model=ModelName("scripted", "2"))
        busy.fault = VisionThrottled("Later.")

        record = record_by(service_of(Wording(blocked=("dog",)), busy), before)

        assert [problem.code for problem in record.problems] == ["vision_throttled"]
