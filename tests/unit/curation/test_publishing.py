"""What a person's decision makes of a record."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from msgspec import UNSET

from captioner.captioning import Proposal
from captioner.curation.publishing import handed_back, published
from captioner.records import (
    Alternative,
    AltText,
    CaptionRecord,
    Description,
    Judged,
    ModelName,
)
from tests.support.records import BEGAN, record_of

LATER = BEGAN + timedelta(hours=1)
OWN, VISION = "a dog runs", "a brown dog in snow"
MODEL = ModelName("scripted", "1")


def decided(record: CaptionRecord, text: str, *, by: str | None = None) -> CaptionRecord:
    return published(record, text, by=by, at=LATER)


def alt_text_of(record: CaptionRecord) -> AltText:
    assert record.alt_text is not None
    return record.alt_text


def changed(record: CaptionRecord, **fields: Any) -> CaptionRecord:
    return msgspec.structs.replace(record, **fields)


@pytest.fixture
def record() -> CaptionRecord:
    """A record that nobody has looked at, whose alt text is the own caption."""
    return record_of("dog.jpg", {"onnx": OWN, "azure-vision": VISION}, needs_review=True)


def test_words_of_ones_own_are_edited(record: CaptionRecord) -> None:
    after = decided(record, "Rex leaps.", by="ada@example.org")

    alt_text = alt_text_of(after)
    assert (alt_text.text, alt_text.source, alt_text.status) == ("Rex leaps.", "person", "edited")
    assert alt_text.by == "ada@example.org"
    assert alt_text.updated == after.updated == LATER
    assert after.created == record.created
    assert after.needs_review is False
    assert after.history == (record.alt_text,)


def test_the_text_sent_again_is_approved_and_nothing_becomes_history(
    record: CaptionRecord,
) -> None:
    after = decided(record, OWN)

    alt_text = alt_text_of(after)
    assert (alt_text.text, alt_text.source, alt_text.status) == (OWN, "onnx", "approved")
    assert alt_text.language == "en"
    assert after.history == ()
    assert after.needs_review is False


def test_the_caption_of_the_other_captioner_is_approved_as_its(record: CaptionRecord) -> None:
    after = decided(record, VISION)

    assert (alt_text_of(after).source, alt_text_of(after).status) == ("azure-vision", "approved")
    assert after.history == (record.alt_text,)


def test_an_alternative_is_approved_as_its_captioners(record: CaptionRecord) -> None:
    own = msgspec.structs.replace(record.captions[0], alternatives=(Alternative("a cur", 0.1),))
    after = decided(changed(record, captions=(own, record.captions[1])), "a cur")

    assert (alt_text_of(after).source, alt_text_of(after).status) == ("onnx", "approved")


def test_what_both_captioners_say_is_by_the_one_whose_the_text_was() -> None:
    both = record_of("dog.jpg", {"onnx": OWN, "azure-vision": OWN})
    proposed = AltText(OWN, "azure-vision", "machine", None, BEGAN)

    assert alt_text_of(decided(changed(both, alt_text=proposed), OWN)).source == "azure-vision"
    assert alt_text_of(decided(both, OWN)).source == "onnx"


def test_a_description_is_approved_with_its_origin_and_language(record: CaptionRecord) -> None:
    told = Description("dc-description", "Rex, \n 1911", "de")
    after = decided(changed(record, descriptions=(told,)), "Rex, 1911")

    alt_text = alt_text_of(after)
    assert (alt_text.source, alt_text.status, alt_text.language) == (
        "dc-description",
        "approved",
        "de",
    )


@pytest.mark.parametrize(
    ("status", "source", "again"),
    [
        ("edited", "person", "edited"),
        ("approved", "onnx", "approved"),
        ("machine", "onnx", "approved"),
    ],
)
def test_an_earlier_version_comes_back_as_what_it_was(
    record: CaptionRecord, status: Any, source: str, again: str
) -> None:
    earlier = AltText("a hound", source, status, "ada", BEGAN, language="en")
    after = decided(changed(record, history=(earlier,)), "a hound", by="eve")

    alt_text = alt_text_of(after)
    assert (alt_text.source, alt_text.status, alt_text.by) == (source, again, "eve")
    assert alt_text.language == "en"
    assert after.history == (record.alt_text, earlier)


def test_a_machines_text_that_is_no_caption_any_more_can_still_be_approved(
    record: CaptionRecord,
) -> None:
    alone = changed(record, captions=())
    assert alt_text_of(decided(alone, OWN)).source == "onnx"
    assert alt_text_of(decided(alone, OWN)).status == "approved"


def test_a_record_without_captions_takes_a_text() -> None:
    after = decided(record_of("dog.jpg"), "Rex")

    assert alt_text_of(after).text == "Rex"
    assert alt_text_of(after).judged == ()
    assert after.history == ()


def test_one_persons_text_becomes_history_when_another_replaces_it(record: CaptionRecord) -> None:
    first = decided(record, "Rex leaps.", by="ada")
    second = decided(first, "Rex jumps.", by="eve")

    assert second.history == (first.alt_text, record.alt_text)


def test_ones_own_text_stays_ones_own_when_it_is_approved_again(record: CaptionRecord) -> None:
    first = decided(record, "Rex leaps.", by="ada")
    again = decided(first, "Rex leaps.", by="eve")

    assert (alt_text_of(again).status, alt_text_of(again).source) == ("edited", "person")
    assert alt_text_of(again).by == "eve"
    assert again.history == first.history


def test_an_edited_text_that_a_captioner_says_now_is_approved_and_was_edited(
    record: CaptionRecord,
) -> None:
    edited = AltText(VISION, "person", "edited", "ada", BEGAN)
    after = decided(changed(record, alt_text=edited), VISION)

    assert alt_text_of(after).status == "approved"
    assert after.history == (edited,)


@pytest.mark.parametrize("text", ["Rex leaps.", "Rex sits."])
def test_a_stale_text_is_fresh_once_a_person_has_decided(record: CaptionRecord, text: str) -> None:
    stale = AltText("Rex leaps.", "person", "edited", None, BEGAN, stale=True)
    after = decided(changed(record, alt_text=stale, needs_review=True), text)

    assert alt_text_of(after).stale is UNSET
    assert after.needs_review is False


class TestJudging:
    """The captions that a person had before them, and which of them was proposed."""

    def proposed(self, record: CaptionRecord) -> list[str]:
        judged = alt_text_of(record).judged
        assert judged is not UNSET
        return [each.source for each in judged if each.proposed]

    def test_all_captions_are_judged_as_they_are(self, record: CaptionRecord) -> None:
        assert alt_text_of(decided(record, "Rex")).judged == (
            Judged(source="onnx", model=MODEL, text=OWN, confidence=0.5, proposed=True),
            Judged(source="azure-vision", model=MODEL, text=VISION, confidence=0.5, proposed=False),
        )

    def test_who_edits_once_more_judges_the_same_proposal(self, record: CaptionRecord) -> None:
        assert self.proposed(decided(decided(record, "Rex"), "Rex!")) == ["onnx"]

    def test_a_caption_that_came_later_was_not_proposed(self, record: CaptionRecord) -> None:
        first = decided(record, "Rex")
        anew = msgspec.structs.replace(record.captions[0], text="a cat")
        assert self.proposed(decided(changed(first, captions=(anew,)), "Rex!")) == []

    def test_what_was_proposed_for_another_image_counts_no_more(
        self, record: CaptionRecord
    ) -> None:
        first = decided(record, "Rex")
        stale = msgspec.structs.replace(alt_text_of(first), stale=True)
        assert self.proposed(decided(changed(first, alt_text=stale), "Rex!")) == []

    def test_nothing_was_proposed_where_the_text_came_with_the_image(
        self, record: CaptionRecord
    ) -> None:
        came = AltText(OWN, "xmp-alt-text", "approved", None, BEGAN)
        assert self.proposed(decided(changed(record, alt_text=came), OWN)) == []


class TestHandingBack:
    def test_the_proposal_is_the_text_and_the_persons_is_history(
        self, record: CaptionRecord
    ) -> None:
        edited = decided(record, "Rex leaps.")
        at = LATER + timedelta(hours=1)
        after = handed_back(edited, Proposal(record.captions[1], needs_review=True), at=at)

        assert after.alt_text == AltText(VISION, "azure-vision", "machine", None, at, language="en")
        assert after.history == (edited.alt_text, record.alt_text)
        assert after.needs_review is True
        assert (after.created, after.updated) == (record.created, at)

    def test_without_a_caption_there_is_no_text(self) -> None:
        edited = decided(record_of("dog.jpg"), "Rex")
        after = handed_back(edited, Proposal(None, needs_review=UNSET), at=LATER)

        assert after.alt_text is None
        assert after.history == (edited.alt_text,)
        assert after.needs_review is UNSET

    @pytest.mark.parametrize("captions", [{}, {"onnx": OWN}])
    def test_what_nobody_holds_stays_as_it_is(self, captions: dict[str, str]) -> None:
        record = record_of("dog.jpg", captions)
        proposal = Proposal(None, needs_review=False)
        assert handed_back(record, proposal, at=LATER) is record
