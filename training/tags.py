"""Which things a model can be told of: the words of its tags.

A tag is a word for a thing (`training.words`) that ImageNet has a class for, or that captions name
often enough to learn it from.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from captioner.model.vocabulary import Vocabulary
from training.data.captions import words_of
from training.words import imagenet_words, objects_in

NAMED_BY = 2  # captions that must name a thing before their picture is held to show it
LEAST_PICTURES = 40  # that show a thing, before it is learnt from them
LEAST_CHANCE = 0.05  # below, a tag is not worth telling


@dataclass(frozen=True, slots=True)
class Named:
    """The things that one picture's captions name, and how many of them name each."""

    counts: Mapping[str, int]
    captions: int

    @classmethod
    def of(cls, captions: Sequence[str]) -> Self:
        things = (name for caption in captions for name in objects_in(words_of(caption)))
        return cls(dict(Counter(things)), len(captions))

    @property
    def shown(self) -> set[str]:
        """What the picture is held to show: two of its captions name it, or its only one does."""
        enough = min(NAMED_BY, self.captions)
        return {name for name, count in self.counts.items() if count >= enough}


def tag_words(named: Iterable[Named], vocabulary: Vocabulary) -> tuple[str, ...]:
    """Choose the tags: words that can be said, of ImageNet's or learnt from the training pictures.

    `named` is what is named of each training picture.
    """
    known = {*imagenet_words(), *learnt_things(named)}
    return tuple(sorted(word for word in known if word in vocabulary))


def shown_things(named: Iterable[Named], tags: Sequence[str]) -> NDArray[np.bool_]:
    """Tell [pictures, tags] which of the tags each picture is held to show."""
    return np.array([[tag in shown for tag in tags] for shown in (each.shown for each in named)])


def learnt_things(named: Iterable[Named]) -> list[str]:
    """Give the things that enough of the pictures show."""
    pictures = Counter(name for each in named for name in each.shown)
    return [name for name, count in pictures.items() if count >= LEAST_PICTURES]
