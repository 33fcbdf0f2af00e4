import numpy as np
import pytest

from captioner.model.attention import looks, place_of
from captioner.model.decoding import Ids
from captioner.model.vocabulary import SPECIAL_WORDS, START, Vocabulary

VOCABULARY = Vocabulary((*SPECIAL_WORDS, "a", "red", "kite"))
CAPTION = ["a", "red", "kite"]


class Step:
    """Looks at the patch whose number is that of the token read."""

    def __init__(self, patches: int) -> None:
        self.patches = patches
        self.read: list[int] = []

    def __call__(self, tokens: Ids, parents: Ids) -> np.ndarray:
        assert parents.tolist() == [0]
        self.read += tokens.tolist()
        return np.eye(self.patches, dtype=np.float32)[tokens]


def test_each_word_has_the_attention_of_the_step_that_wrote_it() -> None:
    step = Step(9)
    found = looks(CAPTION, step, VOCABULARY)
    assert step.read == [START, 4, 5]
    assert [word for word, _ in found] == ["a", "red", "kite"]
    assert [np.argwhere(grid).tolist() for _, grid in found] == [[[0, 1]], [[1, 1]], [[1, 2]]]


def test_patches_that_are_no_grid_are_not_shown() -> None:
    assert looks(CAPTION, Step(10), VOCABULARY) == []


@pytest.mark.parametrize(
    ("row", "column", "place"),
    [(0, 0, "upper left"), (0, 7, "upper right"), (3, 4, "centre"), (7, 3, "bottom")],
)
def test_a_place_has_a_name(row: int, column: int, place: str) -> None:
    attention = np.full((8, 8), 0.001, np.float32)
    attention[row, column] = 0.9
    assert place_of(attention) == place


def test_a_coarse_grid_has_places_too() -> None:
    assert place_of(np.array([[0.1, 0.1], [0.7, 0.1]], np.float32)) == "lower left"
