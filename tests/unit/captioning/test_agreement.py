"""How far two captions say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captioning.agreement import agreement

WORDS = (
    "a",
    "the",
    "man",
    "dog",
    "two",
    "red",
    "runs",
    "playing",
    "\u00e9t\u00e9",
    ".",
    "guitar",
    "guy",
)
TEXTS = st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join)


@given(one=TEXTS, other=TEXTS)
def test_agreement_is_a_share_and_does_not_depend_on_the_order(one: str, other: str) -> None:
    assert 0 <= agreement(one, other) <= 1
    assert agreement(one, other) == pytest.approx(agreement(other, one))


@pytest.mark.parametrize(
    "other",
    [
        "a man is playing a guitar",
        "A man playing a guitar.",
        "men play guitars",
        "There is a guitar, the man plays it",
    ],
)
def test_grammar_and_order_do_not_matter(other: str) -> None:
    assert agreement("a man is playing a guitar", other) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "nearer", "farther"),
    [
        ("a man rides a bike", "a guy on a bicycle", "a dog on a beach"),
        ("a red car", "a blue car", "a red dog"),
        ("two dogs in the snow", "three dogs in the snow", "two men in the snow"),
        ("a boy swims", "a child in the water", "a car in the street"),
    ],
)
def test_captions_that_mean_more_alike_agree_more(text: str, nearer: str, farther: str) -> None:
    assert agreement(text, nearer) > agreement(text, farther) + 0.1


@pytest.mark.parametrize("empty", ["", "of the", "..."])
def test_a_caption_that_says_nothing_agrees_in_nothing(empty: str) -> None:
    assert agreement(empty, "a dog") == 0
    assert agreement(empty, empty) == 0
