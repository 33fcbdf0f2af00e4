"""Which records a person should look at."""

from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from captioner.captioning.review import needs_review, reviewed
from captioner.records import AltText, Caption, CaptionRecord, ImageFacts, ModelName, now


def caption_of(confidence: float | None = 0.5, novelty: float | UnsetType = UNSET) -> Caption:
    return Caption(
        source="onnx",
        text="a cat",
        confidence=confidence,
        language="en",
        model=ModelName("m", "1"),
        novelty=novelty,
        elapsed_ms=1.0,
        created=now(),
    )


@pytest.mark.parametrize(
    ("caption", "review", "novelty", "expected"),
    [
        (caption_of(0.5), 0.5, None, False),
        (caption_of(0.49), 0.5, None, True),
        (caption_of(None), 0.5, None, False),
        (caption_of(0.9, 0.3), 0.5, 0.3, False),
        (caption_of(0.9, 0.31), 0.5, 0.3, True),
        (caption_of(0.9, 0.31), None, 0.3, True),
        (caption_of(0.9), None, 0.3, False),
        (caption_of(0.1, 0.9), None, None, UNSET),
        (None, 0.5, 0.3, UNSET),
    ],
)
def test_unsure_captions_and_strange_pictures_need_review(
    caption: Caption | None,
    review: float | None,
    novelty: float | None,
    expected: bool | UnsetType,
) -> None:
    found = needs_review(caption, review_threshold=review, novelty_threshold=novelty)
    assert found is expected


def record_of(status: Any = "machine", *, stale: bool | UnsetType = UNSET) -> CaptionRecord:
    moment = now()
    return CaptionRecord(
        image=ImageFacts("a.jpg"),
        captions=(),
        needs_review=True,
        alt_text=AltText("a cat", "onnx", status, by=None, updated=moment, stale=stale),
        problems=(),
        created=moment,
        updated=moment,
    )


def test_a_machines_text_changes_no_judgement() -> None:
    record = record_of()
    assert reviewed(record) is record
    bare = msgspec.structs.replace(record, alt_text=None, needs_review=UNSET)
    assert reviewed(bare) is bare


@pytest.mark.parametrize("status", ["approved", "edited"])
def test_what_a_person_stands_behind_needs_no_review(status: str) -> None:
    assert reviewed(record_of(status)).needs_review is False


def test_human_text_of_another_image_needs_review() -> None:
    unsure = msgspec.structs.replace(record_of("edited", stale=True), needs_review=False)
    assert reviewed(unsure).needs_review is True
