import pytest
from pycocoevalcap.cider.cider import Cider

from training.rewards import CiderD

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
