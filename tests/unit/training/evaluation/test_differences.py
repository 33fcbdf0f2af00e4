"""Where two captions differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.evaluation.differences import Words, difference, marked

WORDS = ["a", "the", "dog", "cat", "runs", "sits"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


def test_what_both_say_is_told_from_what_one_says() -> None:
    ours, theirs = marked("a man sits on a bench", "a man is sitting on a red bench")
    assert ours == (
        Words("a man", differ=False),
        Words("sits", differ=True),
        Words("on a", differ=False),
        Words("bench", differ=False),
    )
    assert [each.text for each in theirs if each.differ] == ["is sitting", "red"]


@given(TEXTS, TEXTS)
def test_parts_make_up_the_caption_and_share_their_order(text: str, other: str) -> None:
    ours, theirs = marked(text, other)
    assert " ".join(each.text for each in ours) == text
    assert " ".join(each.text for each in theirs) == other
    common = [" ".join(p.text for p in parts if not p.differ) for parts in (ours, theirs)]
    assert common[0] == common[1]


@pytest.mark.parametrize(
    ("text", "other", "expected"),
    [("a dog", "a dog", 0), ("a dog", "the cat", 1), ("a dog", "a cat", 0.5), ("", "", 0)],
)
def test_how_much_differs(text: str, other: str, expected: float) -> None:
    assert difference(text, other) == expected
    assert difference(other, text) == expected
