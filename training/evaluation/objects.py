"""Which things captions name that people name too, which they make up and which they miss.

A thing is right where any reference names it, a kind of it, or the same by another word: who says
"person" of a man is not wrong. It is missed where at least two people (or the only one) name it and
the caption does not. Things are those of `training.words`: physical objects, whatever their number.
Colours and numbers are counted as things are; which thing they are said of is not looked at.
"""

from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.captions import words_of
from training.metrics import Estimate
from training.metrics.resampling import Array, estimates
from training.words import objects_in, true_of

_COLOURS = "black blue brown gray green grey orange pink purple red white yellow"
_NUMBERS = "two three four five many several"
_ATTRIBUTES = frozenset(f"{_COLOURS} {_NUMBERS}".split())


@dataclass(frozen=True, slots=True)
class WordCount:
    """How often captions said one word, how often rightly; how often they should, and did."""

    word: str
    said: int
    right: int
    wanted: int
    found: int


@dataclass(frozen=True, slots=True)
class Shares:
    """How well things are named, 0 to 1.

    `precision` of the things that captions name, `recall` of those that they should; `made_up` is
    the share of captions with at least one thing that no reference has.
    """

    precision: Estimate
    recall: Estimate
    made_up: Estimate


@dataclass(frozen=True, slots=True)
class Objects(Shares):
    """How well things are named, and which."""

    words: tuple[WordCount, ...]
    """Things, the commonest first."""
    attributes: tuple[WordCount, ...]
    """Colours and numbers, the commonest first."""


def made_up_of(said: Set[str], named: Set[str]) -> set[str]:
    """Give the things that a caption says and that are true of nothing that was named."""
    return set(said - true_of(named))


class Naming:
    """The things of every image, in captions and in references."""

    def __init__(self, captions: Sequence[str], references: Sequence[Sequence[str]]) -> None:
        self.said = [objects_in(words_of(caption)) for caption in captions]
        named = [[objects_in(words_of(each)) for each in of_one] for of_one in references]
        self.right = [
            said - made_up_of(said, set().union(*by_people))
            for said, by_people in zip(self.said, named, strict=True)
        ]
        self.wanted = [_agreed(by_people) for by_people in named]
        self._attributes = _attributes(captions, references)
        self._statistics = self._counted()

    def made_up(self) -> list[set[str]]:
        """Give what each caption names and no reference does."""
        return [said - right for said, right in zip(self.said, self.right, strict=True)]

    def shares(self, chosen: NDArray[np.bool_]) -> Shares:
        """Tell how well the things of the images that `chosen` [images] marks are named."""
        return Shares(*estimates(self._statistics[chosen], _shares))

    def objects(self) -> Objects:
        """Tell how well the things of all images are named, and how often each word is."""
        words = word_counts(self.said, self.right, self.wanted)
        return Objects(*estimates(self._statistics, _shares), words, self._attributes)

    def _counted(self) -> Array:
        """Count by image: itself, things said, right, wanted, found; whether any is made up."""
        rows = zip(self.said, self.right, self.wanted, strict=True)
        return np.array(
            [
                [1, len(said), len(right), len(wanted), len(wanted & said), said != right]
                for said, right, wanted in rows
            ],
            np.float64,
        )


def word_counts(
    said: Sequence[set[str]], right: Sequence[set[str]], wanted: Sequence[set[str]]
) -> tuple[WordCount, ...]:
    """Count every word over all images; what is wanted and said is found."""
    found = _tally([want & say for want, say in zip(wanted, said, strict=True)])
    says, rights, wants = (_tally(each) for each in (said, right, wanted))
    common = sorted({*says, *wants}, key=lambda word: (-says[word] - wants[word], word))
    return tuple(
        WordCount(word, says[word], rights[word], wants[word], found[word]) for word in common
    )


def _attributes(
    captions: Sequence[str], references: Sequence[Sequence[str]]
) -> tuple[WordCount, ...]:
    said = [_ATTRIBUTES.intersection(words_of(caption)) for caption in captions]
    by_people = [
        [set(_ATTRIBUTES.intersection(words_of(each))) for each in of_one] for of_one in references
    ]
    right = [set(say & set().union(*people)) for say, people in zip(said, by_people, strict=True)]
    return word_counts([set(say) for say in said], right, [_agreed(each) for each in by_people])


def _agreed(by_people: Sequence[set[str]]) -> set[str]:
    votes = _tally(by_people)
    return {thing for thing, count in votes.items() if count >= min(2, len(by_people))}


def _tally(sets: Sequence[set[str]]) -> Counter[str]:
    return Counter(thing for each in sets for thing in each)


def _shares(sums: Array) -> Array:
    parts = ((2, 1), (4, 3), (5, 0))
    return np.stack([_ratio(sums[..., part], sums[..., whole]) for part, whole in parts], axis=-1)


def _ratio(part: Array, whole: Array) -> Array:
    ratio: Array = np.divide(part, whole, out=np.full(np.shape(part), np.nan), where=whole > 0)
    return ratio
