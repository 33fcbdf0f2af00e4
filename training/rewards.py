"""What captions are worth as they are sampled: the reward of self-critical training.

It is their CIDEr-D, less a cost for each thing that they name and no reference does: to CIDEr-D
alone, a thing made up is no worse than a word too many.

The measure is that of Vedantam et al. 2015 as pycocoevalcap computes it, with document frequencies
of the training captions alone and every reference made ready once.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.captions import words_of
from training.evaluation.objects import made_up_of
from training.words import objects_in

Rows = NDArray[np.int64]

_LONGEST = 4  # words in an n-gram
_SIGMA = 6.0  # of the penalty on differing lengths
# Counts as a word, so that stopping at the right place is rewarded too (Rennie et al. 2017).
_END = "</s>"

type _Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Vector:
    """A caption's n-grams, weighted; `norms` and `weights` by length of n-gram, from one word."""

    weights: tuple[dict[_Gram, float], ...]
    norms: tuple[float, ...]
    length: int


class Reward:
    """Scores captions of pictures, and of texts that stand for pictures, against what people said.

    `made_up_cost` is taken for each thing made up, from the 10 of a perfect caption.
    """

    def __init__(
        self,
        pictures: Sequence[Sequence[str]],
        texts: Sequence[Sequence[str]] = (),
        *,
        made_up_cost: float = 0.0,
    ) -> None:
        """Take the captions of each picture and of each text."""
        self._cost = made_up_cost
        # Each by itself: how rare a word is depends on what is captioned.
        self._judges = [_Judge(each) for each in (pictures, texts) if each]

    def __call__(
        self, pictures: Rows, texts: Rows, captions: Sequence[Sequence[Sequence[str]]]
    ) -> NDArray[np.float64]:
        """Score captions, as words, of these pictures and then these texts: [rows, captions]."""
        judged = [
            (judge, int(row))
            for judge, rows in zip(self._judges, (pictures, texts), strict=False)
            for row in rows
        ]
        return np.array(
            [
                judge(row, said, self._cost)
                for (judge, row), said in zip(judged, captions, strict=True)
            ]
        )


class _Judge:
    def __init__(self, references: Sequence[Sequence[str]]) -> None:
        spoken = [[words_of(caption) for caption in captions] for captions in references]
        self._cider = CiderD(spoken)
        self._named = [set().union(*map(objects_in, captions)) for captions in spoken]

    def __call__(
        self, image: int, captions: Sequence[Sequence[str]], made_up_cost: float
    ) -> list[float]:
        scores = self._cider(image, captions)
        named = self._named[image]
        return [
            score - made_up_cost * len(made_up_of(objects_in(words), named))
            for score, words in zip(scores, captions, strict=True)
        ]


class CiderD:
    """Scores captions of known images against what people said of them."""

    def __init__(self, references: Sequence[Sequence[Sequence[str]]]) -> None:
        """`references`: of each image its captions, each as words."""
        self._log_images = math.log(len(references))
        counted = [[_counts(words) for words in captions] for captions in references]
        frequencies: Counter[_Gram] = Counter()
        for captions in counted:
            frequencies.update(set().union(*captions))
        self._log_frequency = {gram: math.log(count) for gram, count in frequencies.items()}
        self._references = [[self._vector(counts) for counts in captions] for captions in counted]

    def __call__(self, image: int, captions: Iterable[Sequence[str]]) -> list[float]:
        """Score captions of one image, by its place in `references`; 10 is a perfect match."""
        references = self._references[image]
        scores = []
        for words in captions:
            caption = self._vector(_counts(words))
            total = sum(_similarity(caption, reference) for reference in references)
            scores.append(10 * total / len(references))
        return scores

    def _vector(self, counts: Counter[_Gram]) -> _Vector:
        weights: tuple[dict[_Gram, float], ...] = tuple({} for _ in range(_LONGEST))
        for gram, count in counts.items():
            rarity = self._log_images - self._log_frequency.get(gram, 0.0)
            weights[len(gram) - 1][gram] = count * rarity
        norms = tuple(math.sqrt(sum(w * w for w in each.values())) for each in weights)
        length = sum(count for gram, count in counts.items() if len(gram) == 2)
        return _Vector(weights, norms, length)


def _counts(words: Sequence[str]) -> Counter[_Gram]:
    ended = (*words, _END)
    return Counter(
        tuple(ended[start : start + length])
        for length in range(1, _LONGEST + 1)
        for start in range(len(ended) - length + 1)
    )


def _similarity(caption: _Vector, reference: _Vector) -> float:
    total = 0.0
    for mine, theirs, norm, other_norm in zip(
        caption.weights, reference.weights, caption.norms, reference.norms, strict=True
    ):
        if norm and other_norm:
            shared = sum(
                min(weight, theirs[gram]) * theirs[gram]
                for gram, weight in mine.items()
                if gram in theirs
            )
            total += shared / (norm * other_norm)
    difference = caption.length - reference.length
    return math.exp(-(difference**2) / (2 * _SIGMA**2)) * total / _LONGEST
