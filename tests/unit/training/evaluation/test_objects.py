import math

import numpy as np
import pytest

from training.evaluation.objects import Naming

CAPTIONS = ["a dog on the beach", "a person holds a hat", "something blue", "a cat and a dog"]
REFERENCES = [
    ["A dog plays with a ball", "The dogs have a ball", "Two animals on a beach"],
    ["A man in a hat", "A man"],
    ["A bench", "Wood", "benches"],
    ["Puppies", "A terrier"],
]


@pytest.fixture(scope="module")
def naming() -> Naming:
    return Naming(CAPTIONS, REFERENCES)


def test_what_is_right_what_is_made_up_and_what_is_missed(naming: Naming) -> None:
    # "Dog" of puppies and "person" of a man are right; "man" is wanted there, "person" is not it.
    assert naming.made_up() == [set(), set(), set(), {"cat"}]
    assert naming.wanted == [{"dog", "ball"}, {"man"}, {"bench"}, set()]


def test_shares_over_all_images(naming: Naming) -> None:
    objects = naming.objects()
    assert objects.precision.value == pytest.approx(5 / 6)
    assert objects.recall.value == pytest.approx(1 / 4)
    assert objects.made_up.value == pytest.approx(1 / 4)
    for share in (objects.precision, objects.recall, objects.made_up):
        assert 0 <= share.low <= share.value <= share.high <= 1


def test_shares_over_some(naming: Naming) -> None:
    shares = naming.shares(np.array([False, False, False, True]))
    assert shares.precision.value == 1 / 2
    assert math.isnan(shares.recall.value)  # nothing was to be found
    assert shares.made_up.value == 1


def test_words_are_counted_the_commonest_first(naming: Naming) -> None:
    first, *others = naming.objects().words
    assert (first.word, first.said, first.right, first.wanted, first.found) == ("dog", 2, 2, 1, 1)
    counts = {word.word: word for word in others}
    assert (counts["cat"].said, counts["cat"].right) == (1, 0)
    assert (counts["ball"].said, counts["ball"].wanted, counts["ball"].found) == (0, 1, 0)


def test_colours_and_numbers_are_counted_as_things_are() -> None:
    captions = ["two dogs and a red ball", "a man in a red shirt"]
    references = [["two dogs", "two brown dogs", "a blue ball"], ["a red hat", "a man in red"]]
    counts = {word.word: word for word in Naming(captions, references).objects().attributes}
    two, red, blue = counts["two"], counts["red"], counts.get("blue")
    assert (two.said, two.right, two.wanted, two.found) == (1, 1, 1, 1)
    assert (red.said, red.right, red.wanted, red.found) == (2, 1, 1, 1)
    assert blue is None  # one of three people says it, and no caption
