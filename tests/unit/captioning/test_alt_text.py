"""Which text people publish, and what survives a new record."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import UNSET, UnsetType

from captioner.captioning import inherit
from captioner.captioning.alt_text import choose_alt_text
from captioner.records import (
    AltText,
    Caption,
    CaptionRecord,
    Description,
    ImageFacts,
    ModelName,
    now,
)


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


def record_bringing(
    *brought: Description, alt: AltText | None = None, **more: Any
) -> CaptionRecord:
    return record_with(alt, descriptions=brought, **more)


BESIDE = Description("blob-metadata", "My cat beside")
INSIDE = Description("xmp-alt-text", "My cat inside", "en")
GERMAN = Description("xmp-alt-text", "Meine Katze", "de")
OFFERED = Description("dc-description", "A cat at large")
MACHINE = alt_text("a cat", language="en")


def came(brought: Description, **more: Any) -> AltText:
    """Give the alt text that an image brought yesterday."""
    return AltText(
        brought.text,
        brought.origin,
        "approved",
        by=None,
        updated=YESTERDAY,
        language=brought.language,
        **more,
    )


def text_of(record: CaptionRecord) -> str | None:
    return record.alt_text.text if record.alt_text else None


@pytest.mark.parametrize("machine", [MACHINE, None])
def test_alt_text_that_comes_with_a_first_image_is_published(machine: AltText | None) -> None:
    first = record_bringing(INSIDE, OFFERED, alt=machine, needs_review=True)

    record = inherit(first, None)

    assert record.alt_text == AltText(
        INSIDE.text, "xmp-alt-text", "approved", None, first.updated, language="en"
    )
    assert record.needs_review is False
    assert record.history == ()
    assert record.descriptions == (INSIDE, OFFERED)


@pytest.mark.parametrize(
    "origin", ["xmp-extended", "dc-description", "iptc-caption", "exif-description"]
)
def test_other_descriptions_are_only_offered(origin: Any) -> None:
    first = record_bringing(Description(origin, "A cat at large"), alt=MACHINE)

    assert inherit(first, None) is first
    assert inherit(first, record_with(MACHINE)).alt_text == MACHINE


@pytest.mark.parametrize(
    ("brought", "language", "published"),
    [
        ((BESIDE, INSIDE), "en", BESIDE),
        ((GERMAN, INSIDE), "en", INSIDE),
        ((GERMAN, INSIDE), "en-GB", INSIDE),
        ((INSIDE, GERMAN), "de", GERMAN),
        ((GERMAN, INSIDE), "fr", GERMAN),
        ((GERMAN, INSIDE), UNSET, GERMAN),
        ((Description("xmp-alt-text", "Un chat"), GERMAN), "en", None),
    ],
    ids=["beside", "second", "kind", "German", "neither", "none", "unnamed"],
)
def test_of_several_the_one_in_the_language_of_the_captions_is_published(
    brought: tuple[Description, ...], language: Any, published: Description | None
) -> None:
    record = inherit(record_bringing(*brought, alt=alt_text(language=language)), None)

    assert text_of(record) == (published or brought[0]).text


@pytest.mark.parametrize(
    "before",
    [
        alt_text("my cat", "edited"),
        alt_text("a cat", "approved"),
        came(OFFERED),
        came(BESIDE, judged=()),
    ],
    ids=["written", "a captioner's", "a description", "approved here"],
)
def test_what_a_person_decided_stays_whatever_the_image_brings(before: AltText) -> None:
    previous = record_with(before)

    same = inherit(record_bringing(INSIDE), previous)
    other = inherit(record_bringing(INSIDE, sha256="bb", etag='"2"'), previous)

    assert same.alt_text == before
    assert other.alt_text == msgspec.structs.replace(before, stale=True)
    assert (same.history, other.history) == ((), ())


def test_text_that_came_gives_way_to_what_the_next_image_brings() -> None:
    older = (alt_text("an old cat", "edited"),)
    previous = record_bringing(INSIDE, alt=came(INSIDE), history=older)

    record = inherit(record_bringing(GERMAN, sha256="bb", etag='"2"'), previous)

    assert record.alt_text is not None
    assert (record.alt_text.text, record.alt_text.language) == ("Meine Katze", "de")
    assert record.alt_text.stale is UNSET
    assert record.history == (came(INSIDE), *older)
    assert record.needs_review is False


def test_text_that_came_is_stale_once_another_image_brings_none() -> None:
    previous = record_bringing(INSIDE, alt=came(INSIDE))

    record = inherit(record_bringing(OFFERED, alt=MACHINE, sha256="bb", etag='"2"'), previous)
    again = inherit(record_bringing(INSIDE, alt=MACHINE, sha256="cc", etag='"3"'), record)

    assert record.alt_text == came(INSIDE, stale=True)
    assert record.needs_review is True
    assert again.alt_text == came(INSIDE)
    assert again.needs_review is False


def test_text_that_came_stays_while_the_image_is_the_same() -> None:
    previous = record_bringing(INSIDE, alt=came(INSIDE))

    assert inherit(record_bringing(INSIDE, alt=MACHINE), previous).alt_text == came(INSIDE)
    assert inherit(record_bringing(etag='"2"'), previous).alt_text == came(INSIDE)


def test_what_another_image_brings_too_is_not_stale() -> None:
    mine = alt_text(INSIDE.text, "edited")

    record = inherit(record_bringing(INSIDE, sha256="bb", etag='"2"'), record_with(mine))

    assert record.alt_text == mine


def test_changed_blob_metadata_changes_text_that_came() -> None:
    previous = record_bringing(BESIDE, INSIDE, alt=came(BESIDE))
    mended = Description("blob-metadata", "My cat, mended")

    record = inherit(record_bringing(mended, INSIDE, etag='"2"'), previous)
    bare = inherit(record_bringing(INSIDE, etag='"3"'), previous)

    assert text_of(record) == "My cat, mended"
    assert record.history == (came(BESIDE),)
    assert text_of(bare) == INSIDE.text


def test_a_second_language_does_not_take_the_place_of_what_was_published() -> None:
    previous = record_bringing(INSIDE, GERMAN, alt=came(INSIDE))

    spoken = inherit(record_bringing(INSIDE, GERMAN, alt=alt_text(language="de")), previous)

    assert spoken.alt_text == came(INSIDE)
    assert spoken.history == ()


@pytest.mark.parametrize(("sha256", "etag"), [("aa", '"1"'), ("aa", '"2"'), ("bb", '"2"')])
def test_text_that_was_handed_back_does_not_return(sha256: str, etag: str) -> None:
    handed_back = record_bringing(INSIDE, alt=MACHINE, history=(came(INSIDE),))

    record = inherit(record_bringing(INSIDE, alt=MACHINE, sha256=sha256, etag=etag), handed_back)

    assert record.alt_text == MACHINE
    assert record.history == (came(INSIDE),)


def test_new_text_takes_a_machines_place() -> None:
    looked_through = record_bringing(OFFERED, alt=MACHINE)

    for previous in (looked_through, record_with(MACHINE), record_with(None)):
        record = inherit(record_bringing(INSIDE, OFFERED, alt=MACHINE), previous)

        assert text_of(record) == INSIDE.text
        assert record.history == previous.history


def test_descriptions_stay_while_the_same_image_is_not_looked_through() -> None:
    previous = record_bringing(INSIDE, alt=came(INSIDE))

    assert inherit(record_with(None), previous).descriptions == (INSIDE,)
    assert inherit(record_with(None, sha256="bb", etag='"2"'), previous).descriptions is UNSET
    assert inherit(record_bringing(), previous).descriptions == ()
