import numpy as np
import pytest
from pycocoevalcap.cider.cider import Cider

from training.rewards import CiderD, Reward

_REFERENCES = [
    ["a dog runs on the grass", "the brown dog is running", "a dog on grass"],
    ["two men sit on a bench", "men sitting on a bench outside", "two people on a bench"],
    ["a red car", "a red car drives down the street", "the car is red"],
]
_CAPTIONS = ["a dog runs outside", "two men on a bench", "a blue car drives down a street"]


def _split(lines: list[str]) -> list[list[str]]:
    return [line.split() for line in lines]


def test_scores_are_those_of_the_reference_implementation() -> None:
    reward = CiderD([_split(lines) for lines in _REFERENCES])
    wanted = {place: [f"{line} </s>" for line in lines] for place, lines in enumerate(_REFERENCES)}
    given = {place: [f"{line} </s>"] for place, line in enumerate(_CAPTIONS)}
    _, expected = Cider().compute_score(wanted, given)
    found = [reward(place, [line.split()])[0] for place, line in enumerate(_CAPTIONS)]
    assert found == pytest.approx(list(expected))
    assert min(found) > 0


def test_the_references_own_words_score_highest() -> None:
    reward = CiderD([_split(lines) for lines in _REFERENCES])
    right, other_image, nothing = reward(0, _split([*_CAPTIONS[:2], "snow"]))
    assert right > other_image >= nothing == 0


def test_stopping_in_the_middle_costs() -> None:
    reward = CiderD([_split(["a man sits on a bench"]), _split(["a dog"])])
    whole, cut = reward(0, _split(["a man sits on a bench", "a man sits on a"]))
    assert whole == pytest.approx(10)
    assert cut < whole


_NO_ROWS = np.empty(0, np.int64)


def test_pictures_and_texts_are_each_scored_against_their_own_kind() -> None:
    texts = [["a cat on a bed", "the cat is on a bed"], ["a bus", "the red bus"]]
    captions = [_split(_REFERENCES[1]), _split(["a cat on a bed"] * 3)]
    found = Reward(_REFERENCES, texts)(np.array([1]), np.array([0]), captions)
    alone = CiderD([_split(lines) for lines in _REFERENCES])(1, captions[0])
    of_text = CiderD([_split(lines) for lines in texts])(0, captions[1])
    assert found == pytest.approx(np.array([alone, of_text]))


def test_a_thing_that_nobody_named_costs_and_a_general_word_for_one_does_not() -> None:
    captions = [_split(["an animal on grass", "a dog on a sofa", "a horse on a sofa"])]
    free = Reward(_REFERENCES)(np.array([0]), _NO_ROWS, captions)
    costly = Reward(_REFERENCES, made_up_cost=0.25)(np.array([0]), _NO_ROWS, captions)
    assert free - costly == pytest.approx(np.array([[0, 0.25, 0.5]]))
