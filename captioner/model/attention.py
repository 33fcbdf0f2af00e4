"""Where a model looked for each word of its caption."""

from collections.abc import Callable, Sequence
from math import isqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from captioner.model.decoding import Step
from captioner.model.vocabulary import START, Vocabulary

type AttendedWord = tuple[str, NDArray[np.float32]]
"""A word, and the attention with which it was written: [side, side], summing to at most 1."""
type Looker = Callable[[str], list[AttendedWord]]
"""An image's name -> the words of its caption; none where the model does not tell."""
type Place = Literal[
    "upper left",
    "top",
    "upper right",
    "left",
    "centre",
    "right",
    "lower left",
    "bottom",
    "lower right",
]

_PLACES: tuple[tuple[Place, ...], ...] = (
    ("upper left", "top", "upper right"),
    ("left", "centre", "right"),
    ("lower left", "bottom", "lower right"),
)


def looks(words: Sequence[str], step: Step, vocabulary: Vocabulary) -> list[AttendedWord]:
    """Follow a caption word by word; `step` gives one picture's attention [rows, patches].

    What the vocabulary lacks is read as the unknown word. None where the patches are no square.
    """
    row = np.zeros(1, np.int64)
    read = (START, *map(vocabulary.id_of, words))[: len(words)]
    grids = [_square(step(np.array([token]), row)[0]) for token in read]
    return [(word, grid) for word, grid in zip(words, grids, strict=True) if grid is not None]


def place_of(attention: NDArray[np.float32]) -> Place:
    """Name the ninth of the picture that got the most attention."""
    side = len(attention)
    third = ((np.arange(side) + 0.5) * 3 // side).astype(int)
    sums, patches = np.zeros((3, 3)), np.zeros((3, 3))
    np.add.at(sums, (third[:, None], third), attention)
    np.add.at(patches, (third[:, None], third), 1)
    row, column = divmod(int((sums / np.maximum(patches, 1)).argmax()), 3)
    return _PLACES[row][column]


def _square(patches: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Lay patches out as they are in the picture; None where they are no square grid."""
    side = isqrt(len(patches))
    return patches.reshape(side, side) if side * side == len(patches) else None
