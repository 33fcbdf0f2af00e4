"""How near in meaning two words of captions are, as far as captions of the same picture tell.

Two words are near where people who describe the same picture often use one each: "man" and "guy",
"bicycle" and "bike". `vectors.npz` holds that for the common words, pressed into a few dimensions.
It was counted on the captions of Flickr8k's train split and on others of Flickr30k and COCO, and
repeats none of them (`python -m training agreement --write-vectors --text …`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VECTORS = Path(__file__).with_name("vectors.npz")

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class WordVectors:
    """Vectors of length 1, [stems, dimensions], and which row is whose."""

    rows: dict[str, int]
    vectors: Floats

    def of(self, stems: Sequence[str]) -> Floats:
        """Give the stems' vectors; of one that is not known, zeros."""
        given = np.zeros((len(stems), self.vectors.shape[1]), np.float32)
        for place, stem in enumerate(stems):
            if (row := self.rows.get(stem)) is not None:
                given[place] = self.vectors[row]
        return given


def relatedness(stems: Sequence[str], others: Sequence[str]) -> Floats:
    """Compare each stem with each of the others: [stems, others], from 0 to 1 for the same.

    A stem that is in no table is near to itself only.
    """
    known = _vectors()
    # Squared, as what is a little alike is no evidence: near synonyms keep, neighbours fade.
    near: Floats = np.clip(known.of(stems) @ known.of(others).T, 0, 1) ** 2
    near[np.array(stems)[:, None] == np.array(others)[None, :]] = 1
    return near


@cache
def _vectors() -> WordVectors:
    with np.load(VECTORS) as table:
        stems, vectors = table["stems"].tolist(), table["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return WordVectors({stem: row for row, stem in enumerate(stems)}, vectors)
