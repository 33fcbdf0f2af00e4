import pytest

from training.evaluation.diversity import diversity

CAPTIONS = ["A dog runs on the grass.", "a dog runs on the grass", "two cats", "the man's hat"]


def test_counts() -> None:
    found = diversity(CAPTIONS)
    assert (found.captions, found.distinct_captions) == (4, 3)
    assert found.vocabulary == 11  # a dog runs on the grass; two cats; man 's hat
    assert found.average_words == (6 + 6 + 2 + 4) / 4
    assert (found.copied, found.new_phrases) == (None, None)


def test_what_was_learnt_by_heart() -> None:
    found = diversity(CAPTIONS, ["Two cats .", "the big man 's hat", "A dog runs on snow"])
    assert found.copied == 1 / 4
    # Of "a dog runs on the grass", twice, the first of three runs of four words is known; the one
    # of "the man 's hat" is not, "two cats" has none.
    assert found.new_phrases == pytest.approx((2 + 2 + 1) / (3 + 3 + 1))


def test_captions_too_short_for_phrases() -> None:
    assert diversity(["a dog"], ["a cat"]).new_phrases is None
