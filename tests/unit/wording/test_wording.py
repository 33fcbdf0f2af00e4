"""What the settings of wording do to a caption."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from captioner.errors import CaptionBlocked
from captioner.records import Alternative, Caption, ModelName, Tag, now
from captioner.wording import AS_IT_IS, Wording, clash

MAN = Caption(
    source="onnx",
    text="a man on a sofa",
    confidence=0.5,
    language="en",
    model=ModelName("m", "1"),
    alternatives=(
        Alternative("a woman on a sofa", 0.4),
        Alternative("a boy with a gun", 0.3),
        Alternative("a dog on a sofa", None),
    ),
    elapsed_ms=1.0,
    created=now(),
)


def texts(caption: Caption) -> list[str]:
    return [caption.text, *(each.text for each in caption.alternatives)]


def test_nothing_is_done_where_nothing_is_set() -> None:
    assert AS_IT_IS.applied(MAN) is MAN


def test_neutral_words_and_each_text_once() -> None:
    caption = Wording(neutral=True).applied(MAN)

    assert texts(caption) == ["a person on a sofa", "a child with a gun", "a dog on a sofa"]
    assert caption.confidence == 0.5
    assert caption.tags is UNSET


def test_all_else_stays() -> None:
    caption = Wording(neutral=True).applied(MAN)

    kept = msgspec.structs.replace(caption, text=MAN.text, alternatives=MAN.alternatives)
    assert kept == MAN


@pytest.mark.parametrize(("language", "text"), [("en-GB", "a person"), ("EN", "a person")])
def test_every_english_is_english(language: str, text: str) -> None:
    assert Wording(neutral=True).text("a man", language) == text


def test_neutral_knows_english_only() -> None:
    wording = Wording(neutral=True, preferred=(("sofá", "diván"),))

    assert wording.text("el hombre he her en el sofá", "es") == "el hombre he her en el diván"


def test_preferred_terms_go_before_and_after_neutral_words() -> None:
    wording = Wording(neutral=True, preferred=(("policeman", "officer"), ("person", "visitor")))

    assert wording.text("a policeman and a man", "en") == "an officer and a visitor"


def test_a_preferred_term_that_tells_a_sex_gives_way_to_neutral() -> None:
    preferred = (("kid", "boy"), ("sofa", "couch"))

    assert Wording(neutral=True, preferred=preferred).text("a kid on a sofa", "en") == (
        "a kid on a couch"
    )
    assert Wording(preferred=preferred).text("a kid on a sofa", "en") == "a boy on a couch"


def test_the_first_caption_without_a_blocked_term_is_taken_with_its_confidence() -> None:
    caption = Wording(blocked=("man", "gun")).applied(MAN)

    assert texts(caption) == ["a woman on a sofa", "a dog on a sofa"]
    assert caption.confidence == 0.4


def test_nothing_left_to_say_is_a_fault_that_lasts() -> None:
    with pytest.raises(CaptionBlocked, match="BLOCKED_TERMS") as fault:
        Wording(blocked=("sofa", "gun")).applied(MAN)

    assert fault.value.permanent
    assert "sofa" not in fault.value.message


def test_what_a_preferred_term_cures_is_not_blocked() -> None:
    wording = Wording(preferred=(("sofa", "couch"),), blocked=("sofa", "gun"))

    assert texts(wording.applied(MAN))[0] == "a man on a couch"


def test_a_request_has_its_own_say() -> None:
    wording = Wording(neutral=True, blocked=("gun",))

    assert wording.with_neutral(None) is wording
    assert wording.with_neutral(False) == Wording(blocked=("gun",))
    assert AS_IT_IS.with_neutral(True) == Wording(neutral=True)


def test_tags_are_worded_too() -> None:
    tags = (Tag("man", 0.4), Tag("person", 0.7), Tag("gun", 0.9), Tag("woman", None))
    caption = msgspec.structs.replace(MAN, tags=tags)

    worded = Wording(neutral=True, blocked=("gun",)).applied(caption)

    assert worded.tags == (Tag("person", 0.7),)


def test_a_confidence_that_is_not_told_stays_so() -> None:
    caption = msgspec.structs.replace(MAN, tags=(Tag("man", None), Tag("woman", None)))

    assert Wording(neutral=True).applied(caption).tags == (Tag("person", None),)


words = ("a", "man", "woman", "boy", "child", "person", "and", "her", "he", "is", "sofa", "old")
terms = st.lists(st.sampled_from(words), min_size=1, max_size=2).map(" ".join)
wordings = st.builds(
    Wording,
    neutral=st.booleans(),
    preferred=st.lists(st.tuples(terms, terms), max_size=2, unique_by=lambda pair: pair[0])
    .map(tuple)
    .filter(lambda pairs: clash(pairs) is None),
    blocked=st.lists(terms, max_size=1).map(tuple),
)


@given(wordings, st.lists(st.lists(st.sampled_from(words)).map(" ".join), min_size=1, max_size=3))
def test_doing_it_twice_changes_nothing(wording: Wording, said: list[str]) -> None:
    first, *others = said
    alternatives = tuple(Alternative(other, 0.1) for other in others)
    caption = msgspec.structs.replace(MAN, text=first, alternatives=alternatives)
    try:
        once = wording.applied(caption)
    except CaptionBlocked:
        return

    assert wording.applied(once) == once
