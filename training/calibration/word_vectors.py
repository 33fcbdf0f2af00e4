"""Which words of captions are near in meaning: made from captions of the same pictures.

Of two people who describe one picture, how often does one use this word and the other that one,
beyond chance? Positive pointwise mutual information across captions tells; brought to 1 for a word
with itself, and pressed into the leading directions (Levy and Goldberg 2014 show what such vectors
have in common with learnt ones).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from captioner.lexicon import content_of

DIMENSIONS = 64
LEAST_CAPTIONS = 50  # that must use a word before it has a vector
_LEAST_PAIRS = 5  # of captions, below which two words met by accident
_STEP = 1 / 127  # of a coordinate in eight bits


@dataclass(frozen=True, slots=True)
class Usage:
    """Who uses which word: `used` [captions, stems], `of_picture` [pictures, captions], 0 or 1."""

    stems: tuple[str, ...]
    used: Any
    of_picture: Any


def usage(pictures: Iterable[Sequence[str]]) -> Usage:
    """Read the captions of each of many pictures, and keep the stems that are common."""
    captions: list[tuple[str, ...]] = []
    picture_of: list[int] = []
    for number, texts in enumerate(pictures):
        captions += map(content_of, texts)
        picture_of += [number] * len(texts)
    counts = Counter(stem for stems in captions for stem in stems)
    common = (stem for stem, count in counts.items() if count >= LEAST_CAPTIONS)
    stems = tuple(sorted(common, key=lambda stem: (-counts[stem], stem)))
    column = {stem: number for number, stem in enumerate(stems)}
    cells = [
        (row, column[stem])
        for row, found in enumerate(captions)
        for stem in found
        if stem in column
    ]
    rows, columns = np.array(cells, np.int64).reshape(-1, 2).T
    used = sparse.csr_array((np.ones(len(cells)), (rows, columns)), (len(captions), len(stems)))
    everyone = (np.ones(len(captions)), (picture_of, np.arange(len(captions))))
    return Usage(stems, used, sparse.csr_array(everyone, (max(picture_of) + 1, len(captions))))


def word_vectors(found: Usage, dimensions: int = DIMENSIONS) -> NDArray[np.int8]:
    """Give each stem's direction, [stems, dimensions]: of two that are near, the cosine is high."""
    by_picture = found.of_picture @ found.used
    # Ordered pairs of different captions of one picture, the first with one word, the second with
    # the other.
    together = (by_picture.T @ by_picture - found.used.T @ found.used).toarray()
    captions = found.of_picture.sum(axis=1)
    pairs = float((captions * (captions - 1)).sum())
    shares = found.used.sum(axis=0) / found.used.shape[0]
    with np.errstate(divide="ignore"):
        information = np.log(together / pairs / np.outer(shares, shares))
    information[together < _LEAST_PAIRS] = 0
    information = np.maximum(information, 0)
    own = np.sqrt(np.maximum(np.diag(information), 1e-9))
    near = np.minimum(information / np.outer(own, own), 1)
    strengths, directions = np.linalg.eigh(near)
    strengths, directions = strengths[-dimensions:], directions[:, -dimensions:]
    vectors = directions * np.sqrt(np.maximum(strengths, 0))
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    # Of a direction and its opposite neither is the right one: take the same every time.
    vectors *= np.where(vectors.sum(axis=0) < 0, -1, 1)
    return np.rint(vectors / _STEP).astype(np.int8)


def write_vectors(path: Path, pictures: Iterable[Sequence[str]]) -> int:
    """Write the table that `captioner.lexicon` reads; gives how many words it holds."""
    found = usage(pictures)
    np.savez_compressed(path, stems=np.array(found.stems), vectors=word_vectors(found))
    return len(found.stems)
