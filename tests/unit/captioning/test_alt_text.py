"""Which text people publish, and what survives a new record."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from captioner.captioning import inherit
from captioner.captioning.alt_text import choose_alt_text
from captioner.records import AltText, Caption, CaptionRecord, ImageFacts, ModelName, now


def caption_of(source: str, confidence: float | None) -> Caption:
    return Caption(
        source=source,
        text=f"what {source} says",
        confidence=confidence,
        language="en",
        model=ModelName("m", "1"),
        elapsed_ms=1.0,
        created=now(),
    )


OWN_SURE = caption_of("onnx", 0.5)
OWN_UNSURE = caption_of("onnx", 0.49)
OWN_SILENT = caption_of("onnx", None)
VISION = caption_of("azure-vision", 0.1)


@pytest.mark.parametrize(
    ("own", "vision", "threshold", "chosen"),
    [
        (OWN_SURE, VISION, 0.5, OWN_SURE),
        (OWN_UNSURE, VISION, 0.5, VISION),
        (OWN_SILENT, VISION, 0.0, VISION),
        (OWN_SURE, VISION, None, VISION),
        (OWN_UNSURE, None, 0.5, OWN_UNSURE),
        (None, VISION, 0.5, VISION),
        (None, None, 0.5, None),
    ],
)
def test_the_own_caption_is_published_where_it_is_sure_or_alone(
    own: Caption | None, vision: Caption | None, threshold: float | None, chosen: Caption | None
) -> None:
    assert choose_alt_text(own, vision, threshold=threshold) == chosen


@pytest.mark.parametrize(
    ("novelty", "chosen"), [(0.3, "onnx"), (0.31, "azure-vision"), (UNSET, "onnx")]
)
def test_a_strange_picture_is_left_to_the_other_captioner(
    novelty: float | UnsetType, chosen: str
) -> None:
    own = msgspec.structs.replace(OWN_SURE, novelty=novelty)
    caption = choose_alt_text(own, VISION, threshold=0.5, novelty_threshold=0.3)
    assert caption is not None
    assert caption.source == chosen
    assert choose_alt_text(own, None, threshold=0.5, novelty_threshold=0.3) is own


YESTERDAY = now() - timedelta(days=1)


def alt_text(text: str = "a cat", status: Any = "machine", **more: Any) -> AltText:
    return AltText(text, "onnx", status, by=None, updated=YESTERDAY, **more)


def record_with(
    alt: AltText | None, *, sha256: str | UnsetType = "aa", etag: str = '"1"', **more: Any
) -> CaptionRecord:
    moment = more.pop("created", now())
    return CaptionRecord(
        image=ImageFacts("a.jpg", etag=etag, sha256=sha256),
        captions=(),
        alt_text=alt,
        problems=(),
        created=moment,
        updated=moment,
        **more,
    )


def test_a_first_record_inherits_nothing() -> None:
    record = record_with(alt_text())

    assert inherit(record, None) is record


def test_a_record_keeps_its_beginning_and_its_history() -> None:
    history = (alt_text("an older cat", "edited"),)
    previous = record_with(alt_text(), created=YESTERDAY, history=history)

    record = inherit(record_with(alt_text("a dog")), previous)

    assert (record.created, record.history) == (YESTERDAY, history)
    assert record.updated > YESTERDAY


@pytest.mark.parametrize("status", ["approved", "edited"])
def test_human_text_survives(status: str) -> None:
    human = alt_text("my cat", status)

    record = inherit(record_with(alt_text("a dog")), record_with(human))

    assert record.alt_text == human
    assert record.alt_text.stale is UNSET


def test_human_text_needs_no_review_while_the_image_is_the_same() -> None:
    human = record_with(alt_text("my cat", "approved"))
    doubted = record_with(alt_text("a dog"), needs_review=True)

    assert inherit(doubted, human).needs_review is False
    assert inherit(doubted, record_with(alt_text("a cat"))).needs_review is True


def test_human_text_survives_another_image_but_is_stale() -> None:
    human = alt_text("my cat", "edited")

    other = record_with(alt_text("a dog"), sha256="bb", etag='"2"')

    record = inherit(other, record_with(human))
    again = inherit(other, record)

    assert record.alt_text == msgspec.structs.replace(human, stale=True)
    assert record.needs_review is True
    assert again.alt_text == record.alt_text


def test_human_text_is_stale_where_neither_image_could_be_read() -> None:
    human = alt_text("my cat", "edited")
    unread = record_with(human, sha256=UNSET)

    record = inherit(record_with(None, sha256=UNSET, etag='"2"'), unread)

    assert record.alt_text == msgspec.structs.replace(human, stale=True)


@pytest.mark.parametrize(
    ("sha256", "etag"), [("aa", '"2"'), (UNSET, '"1"')], ids=["same bytes", "same version"]
)
def test_human_text_is_not_stale_while_the_image_is_the_same(
    sha256: str | UnsetType, etag: str
) -> None:
    human = alt_text("my cat", "edited")

    record = inherit(record_with(None, sha256=sha256, etag=etag), record_with(human))

    assert record.alt_text == human


def test_human_text_survives_a_record_without_captions() -> None:
    human = alt_text("my cat", "approved")

    assert inherit(record_with(None), record_with(human)).alt_text == human


def test_machine_text_gives_way_without_a_trace() -> None:
    record = inherit(record_with(alt_text("a dog")), record_with(alt_text("a cat")))

    assert record.alt_text is not None
    assert record.alt_text.text == "a dog"
    assert record.history == ()


def test_the_same_machine_text_keeps_its_date() -> None:
    fresh = msgspec.structs.replace(alt_text(), updated=now())

    assert inherit(record_with(fresh), record_with(alt_text())).alt_text == alt_text()


def test_machine_text_of_another_image_goes_with_it() -> None:
    assert inherit(record_with(None, sha256="bb"), record_with(alt_text())).alt_text is None
