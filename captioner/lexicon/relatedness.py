"""How near in meaning two words of captions are, as far as captions of the same picture tell.

Two words are near where people who describe the same picture often use one each: "man" and "guy",
"bicycle" and "bike". `vectors.npz` holds that for the common words, pressed into a few dimensions.
It was counted on the captions of Flickr8k's train split and on others of Flickr30k and COCO, and
repeats none of them (`python -m training agreement --write-vectors --text …`).
"""

from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VECTORS = Path(__file__).with_name("vectors.npz")

Floats = NDArray[np.float32]


def relatedness(stems: Sequence[str], others: Sequence[str]) -> Floats:
    """Compare each stem with each of the others: [stems, others], from 0 to 1 for the same.

    A stem that is in no table is near to itself only.
    """
    names, vectors = _looked_up(tuple(stems))
    other_names, other_vectors = _looked_up(tuple(others))
    # Squared, as what is a little alike is no evidence: near synonyms keep, neighbours fade.
    near: Floats = np.clip(vectors @ other_vectors.T, 0, 1) ** 2
    near[names[:, None] == other_names] = 1
    return near


def neighbours(stem: str, *, least: float, most: int) -> list[str]:
    """Give the stems nearest in meaning to a stem, itself left out, the nearest first."""
    rows, vectors = _table()
    if (row := rows.get(stem)) is None:
        return []
    near = np.clip(vectors @ vectors[row], 0, 1) ** 2
    best = np.argsort(-near)[: most + 1]
    stems = tuple(rows)
    return [stems[each] for each in best if each != row and near[each] >= least][:most]


# A model's tags are compared with every caption.
@lru_cache(maxsize=64)
def _looked_up(stems: tuple[str, ...]) -> tuple[NDArray[np.str_], Floats]:
    """Give stems as an array, and their vectors [stems, dimensions]; of unknown ones, zeros."""
    rows, vectors = _table()
    found = np.zeros((len(stems), vectors.shape[1]), np.float32)
    for place, stem in enumerate(stems):
        if (row := rows.get(stem)) is not None:
            found[place] = vectors[row]
    return np.array(stems, np.str_), found


@cache
def _table() -> tuple[dict[str, int], Floats]:
    """Give the row of each known stem, and the rows."""
    with np.load(VECTORS) as table:
        stems, vectors = table["stems"].tolist(), table["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return {stem: row for row, stem in enumerate(stems)}, vectors
