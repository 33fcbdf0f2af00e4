"""CIDEr-D of captions as they are sampled: the reward of self-critical training.

The measure is that of Vedantam et al. 2015 as pycocoevalcap computes it, with document frequencies
of the training captions alone and every reference made ready once.
"""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
