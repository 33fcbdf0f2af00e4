"""Images to records: which captioners run, what a failure costs, when there is nothing to do."""

import hashlib
import logging
import threading
from datetime import timedelta
from typing import Any

import jsonschema
import msgspec
import pytest
from msgspec import UNSET

from captioner.captioning import CaptioningService, Image, Lane, failed, log_record
from captioner.errors import BundleMissing, ImageTooLarge, VisionRejected, VisionThrottled
from captioner.records import CaptionRecord, ImageFacts, ModelName, json_schema, now, to_json
from tests.support.captioners import ScriptedCaptioner, service_of
from tests.support.pictures import image_bytes, picture_from, plain

RED = image_bytes(plain(80, 60, "red"))
BLUE = image_bytes(plain(60, 80, "blue"))
ETAG = '"0x1"'


def image_of(
    data: bytes = RED, previous: CaptionRecord | None = None, name: str = "a.jpg"
) -> Image:
    return Image(ImageFacts(name=name, etag=ETAG), data, previous)


def record_by(service: CaptioningService, image: Image) -> CaptionRecord:
    (captioned,) = service.caption([image])
    return captioned.record


@pytest.fixture
def own() -> ScriptedCaptioner:
    return ScriptedCaptioner("onnx", "own words")


@pytest.fixture
def vision() -> ScriptedCaptioner:
    return ScriptedCaptioner("azure-vision", "their words", model=ModelName("vision", "3.2"))


def test_a_record_holds_both_captions_and_the_facts(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    record = record_by(service_of(own, vision), image_of())

    assert [caption.text for caption in record.captions] == ["own words", "their words"]
    assert record.image == ImageFacts(
        name="a.jpg",
        etag=ETAG,
        sha256=hashlib.sha256(RED).hexdigest(),
        content_type="image/jpeg",
        width=80,
        height=60,
        bytes=len(RED),
    )
    assert record.problems == ()
    assert record.alt_text is not None
    assert (record.alt_text.text, record.alt_text.status) == ("own words", "machine")
    jsonschema.validate(msgspec.json.decode(to_json(record)), json_schema())


def test_an_unsure_model_leaves_the_alt_text_to_vision(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    own.confidence = 0.2

    record = record_by(service_of(own, vision), image_of())

    assert record.alt_text is not None
    assert (record.alt_text.text, record.alt_text.source) == ("their words", "azure-vision")


def test_agreement_compares_the_captions_of_two_captioners(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    own.text, vision.text = "a man plays a guitar", "a guy playing a guitar"

    alike = record_by(service_of(own, vision), image_of()).agreement
    vision.text = "a dog on a beach"
    unlike = record_by(service_of(own, vision), image_of()).agreement

    assert isinstance(alike, float)
    assert isinstance(unlike, float)
    assert alike > 0.7
    assert unlike < 0.3


def test_one_caption_agrees_with_nothing(own: ScriptedCaptioner, vision: ScriptedCaptioner) -> None:
    assert record_by(service_of(own), image_of()).agreement is UNSET
    vision.fault = VisionRejected("No.")
    assert record_by(service_of(own, vision), image_of()).agreement is UNSET


@pytest.mark.parametrize(("language", "compared"), [("en-GB", True), ("es", False), ("ja", False)])
def test_agreement_is_told_of_english_captions(
    own: ScriptedCaptioner, vision: ScriptedCaptioner, language: str, compared: bool
) -> None:
    vision.language = language

    agreement = record_by(service_of(own, vision), image_of()).agreement

    assert (agreement is not UNSET) is compared


def test_a_strange_picture_needs_review_and_is_left_to_vision(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    own.confidence, own.novelty, own.novelty_threshold = 0.9, 0.4, 0.3

    record = record_by(service_of(own, vision), image_of())

    assert record.needs_review is True
    assert record.alt_text is not None
    assert record.alt_text.source == "azure-vision"


@pytest.mark.parametrize(("confidence", "needed"), [(0.29, True), (0.3, False)])
def test_an_unsure_caption_needs_review_whoever_else_captions(
    own: ScriptedCaptioner, vision: ScriptedCaptioner, confidence: float, needed: bool
) -> None:
    own.confidence, own.review_threshold = confidence, 0.3

    assert record_by(service_of(own), image_of()).needs_review is needed
    assert record_by(service_of(own, vision), image_of()).needs_review is needed


def test_review_is_not_judged_without_thresholds_or_caption(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    assert record_by(service_of(own, vision), image_of()).needs_review is UNSET
    own.review_threshold, own.fault = 0.3, BundleMissing("There is no bundle.")
    assert record_by(service_of(own, vision), image_of()).needs_review is UNSET


def test_a_caption_that_is_kept_keeps_its_judgement(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    own.novelty, own.novelty_threshold = 0.4, 0.3
    vision.fault = VisionThrottled("Later.", retry_after=timedelta(seconds=7))
    service = service_of(own, vision)
    first = record_by(service, image_of())
    vision.fault = None

    second = record_by(service, image_of(previous=first))

    assert len(own.batches) == 1
    assert (first.needs_review, second.needs_review) == (True, True)
    assert second.agreement is not UNSET


def test_vision_that_is_not_configured_is_no_problem(own: ScriptedCaptioner) -> None:
    service = service_of(own)

    record = record_by(service, image_of())

    assert service.sources == ["onnx"]
    assert [caption.source for caption in record.captions] == ["onnx"]
    assert record.problems == ()


def test_captioners_work_side_by_side(own: ScriptedCaptioner, vision: ScriptedCaptioner) -> None:
    # Each waits for the other: one after the other they would never end.
    meeting = threading.Barrier(2)

    class Gate(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            meeting.wait(timeout=30)
            return True

    own.gate = vision.gate = Gate()

    assert len(record_by(service_of(own, vision), image_of()).captions) == 2


@pytest.mark.parametrize("failing", ["onnx", "azure-vision"])
def test_a_failure_costs_its_own_caption_only(
    own: ScriptedCaptioner, vision: ScriptedCaptioner, failing: str
) -> None:
    faulty = own if failing == "onnx" else vision
    faulty.fault = VisionThrottled("Too many requests.", retry_after=timedelta(seconds=7))

    (captioned,) = service_of(own, vision).caption([image_of()])
    record = captioned.record

    assert len(record.captions) == 1
    assert record.caption_by(failing) is None
    (problem,) = record.problems
    assert (problem.source, problem.code, problem.message) == (
        failing,
        "vision_throttled",
        "Too many requests.",
    )
    assert problem.retry_after == record.updated + timedelta(seconds=7)
    assert captioned.faults == {failing: faulty.fault}
    assert record.alt_text is not None


def test_no_caption_at_all_is_a_record_still(own: ScriptedCaptioner) -> None:
    own.fault = BundleMissing("There is no bundle.")

    record = record_by(service_of(own), image_of())

    assert (record.captions, record.alt_text) == ((), None)
    assert record.problems[0].code == "bundle_missing"
    assert record.problems[0].retry_after is UNSET


def test_bytes_that_are_no_picture_are_the_images_problem(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    good, bad = service_of(own, vision).caption([image_of(), image_of(b"GIF89a but no")])

    assert len(good.record.captions) == 2
    assert (bad.record.captions, bad.record.alt_text) == ((), None)
    assert [(each.source, each.code) for each in bad.record.problems] == [
        ("image", "corrupt_image")
    ]
    assert bad.record.image.sha256 == hashlib.sha256(b"GIF89a but no").hexdigest()
    assert bad.record.image.bytes == 13
    assert [len(batch) for batch in own.batches] == [1]


def test_pictures_go_to_the_model_together_and_to_vision_alone(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    images = [image_of(RED, name="1"), image_of(BLUE, name="2"), image_of(RED, name="3")]

    results = service_of(own, vision).caption(images)

    assert [each.record.image.name for each in results] == ["1", "2", "3"]
    assert [len(batch) for batch in own.batches] == [3]
    assert [len(batch) for batch in vision.batches] == [1, 1, 1]


def test_captions_of_the_same_bytes_and_model_are_kept(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    vision.fault = VisionThrottled("Too many requests.")
    service = service_of(own, vision)
    first = record_by(service, image_of())

    vision.fault = None
    second = record_by(service, image_of(previous=first))

    assert len(own.batches) == 1
    assert second.caption_by("onnx") == first.caption_by("onnx")
    assert second.caption_by("azure-vision") is not None
    assert second.problems == ()


def test_other_bytes_are_captioned_anew(own: ScriptedCaptioner, vision: ScriptedCaptioner) -> None:
    service = service_of(own, vision)

    record_by(service, image_of(BLUE, previous=record_by(service, image_of(RED))))

    assert len(own.batches) == len(vision.batches) == 2


def test_another_model_captions_anew_and_vision_is_not_asked_again(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    first = record_by(service_of(own, vision), image_of())
    better = ScriptedCaptioner("onnx", "better words", model=ModelName("scripted", "2"))

    second = record_by(service_of(better, vision), image_of(previous=first))

    assert [caption.text for caption in second.captions] == ["better words", "their words"]
    assert len(vision.batches) == 1


def test_an_old_caption_outlives_a_new_model_that_fails(own: ScriptedCaptioner) -> None:
    first = record_by(service_of(own), image_of())
    broken = ScriptedCaptioner("onnx", model=ModelName("scripted", "2"))
    broken.fault = RuntimeError("no")

    second = record_by(service_of(broken), image_of(previous=first))

    assert second.captions == first.captions
    assert [problem.code for problem in second.problems] == ["internal_error"]


def test_a_caption_outlives_its_captioner(
    own: ScriptedCaptioner, vision: ScriptedCaptioner
) -> None:
    first = record_by(service_of(own, vision), image_of())

    second = record_by(service_of(own), image_of(previous=first))

    assert second.captions == first.captions


def test_a_missing_bundle_does_not_cost_captions_made_before(own: ScriptedCaptioner) -> None:
    first = record_by(service_of(own), image_of())

    def missing() -> ScriptedCaptioner:
        raise BundleMissing("There is no bundle.")

    lane = Lane("onnx", missing, batch_size=8, threads=1, timeout_s=30)
    service = CaptioningService(picture_from, lane, None)

    assert record_by(service, image_of(previous=first)).captions == first.captions
    assert service.is_complete(first, ETAG, retrying=False)


class TestCompleteness:
    """When captioning an image again would bring nothing new."""

    def complete(self, service: CaptioningService, record: CaptionRecord, **more: Any) -> bool:
        return service.is_complete(record, ETAG, **{"retrying": False, **more})

    def test_with_all_captions(self, own: ScriptedCaptioner, vision: ScriptedCaptioner) -> None:
        service = service_of(own, vision)

        assert self.complete(service, record_by(service, image_of()))

    def test_not_for_another_version_of_the_image(self, own: ScriptedCaptioner) -> None:
        service = service_of(own)
        record = record_by(service, image_of())

        assert not service.is_complete(record, '"0x2"', retrying=False)

    def test_not_for_another_model(self, own: ScriptedCaptioner) -> None:
        record = record_by(service_of(own), image_of())
        better = ScriptedCaptioner("onnx", model=ModelName("scripted", "2"))

        assert not self.complete(service_of(better), record)

    def test_not_once_vision_is_configured(
        self, own: ScriptedCaptioner, vision: ScriptedCaptioner
    ) -> None:
        record = record_by(service_of(own), image_of())

        assert not self.complete(service_of(own, vision), record)

    def test_for_an_image_that_no_captioner_can_read(self, own: ScriptedCaptioner) -> None:
        service = service_of(own)

        assert self.complete(service, record_by(service, image_of(b"no picture")))

    def test_where_what_is_missing_will_always_be(
        self, own: ScriptedCaptioner, vision: ScriptedCaptioner
    ) -> None:
        service = service_of(own, vision)
        vision.fault = VisionRejected("They will not have it.")

        assert self.complete(service, record_by(service, image_of()), retrying=True)

    def test_while_a_retry_is_on_its_way_and_not_for_that_retry(
        self, own: ScriptedCaptioner, vision: ScriptedCaptioner
    ) -> None:
        service = service_of(own, vision)
        vision.fault = VisionThrottled("Later.", retry_after=timedelta(minutes=5))
        record = record_by(service, image_of())

        assert self.complete(service, record)
        assert not self.complete(service, record, retrying=True)
        assert not self.complete(service, record, at=now() + timedelta(minutes=6))


def test_an_image_may_fail_before_it_is_read() -> None:
    facts = ImageFacts(name="a.jpg")

    captioned = failed(facts, "image", ImageTooLarge("Too large."))

    assert captioned.record.image == facts
    assert captioned.record.problems[0].code == "image_too_large"


def test_the_log_has_one_line_for_an_image(
    own: ScriptedCaptioner, vision: ScriptedCaptioner, caplog: pytest.LogCaptureFixture
) -> None:
    vision.fault = VisionThrottled("Too many requests.")
    record = record_by(service_of(own, vision), image_of())
    caplog.clear()

    with caplog.at_level(logging.INFO):
        log_record(record)

    (line,) = caplog.records
    assert line.getMessage() == "Captioned 'a.jpg': own words (vision_throttled)"
    assert line.__dict__["captions"] == {"onnx": "own words"}
    assert line.levelname == "WARNING"


def test_a_name_cannot_forge_a_line_of_the_log(
    own: ScriptedCaptioner, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        log_record(record_by(service_of(own), image_of(name="a\n[2026] Forged\x1b[31m.jpg")))

    (line,) = caplog.records
    assert line.getMessage().isprintable()
