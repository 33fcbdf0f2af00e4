"""Where a model looked for each word of its caption."""

from collections.abc import Callable
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from captioner.model.decoding import Hypothesis, Step
from captioner.model.vocabulary import START, Vocabulary

type AttendedWord = tuple[str, NDArray[np.float32]]
"""A word, and the attention with which it was written: [side, side], summing to at most 1."""
type Looker = Callable[[str], list[AttendedWord]]
"""An image's name -> the words of its caption; none where the model does not tell."""

_PLACES = (
    ("upper left", "top", "upper right"),
    ("left", "middle", "right"),
    ("lower left", "bottom", "lower right"),
)


def looks(caption: Hypothesis, step: Step, vocabulary: Vocabulary) -> list[AttendedWord]:
    """Follow a caption word by word; `step` gives one picture's attention [rows, patches]."""
    row = np.zeros(1, np.int64)
    grids = [_square(step(np.array([token]), row)[0]) for token in (START, *caption.ids[:-1])]
    words = (vocabulary.words[number] for number in caption.ids)
    return [(word, grid) for word, grid in zip(words, grids, strict=True) if grid is not None]


def place_of(attention: NDArray[np.float32]) -> str:
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
