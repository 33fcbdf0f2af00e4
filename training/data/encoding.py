"""Captions as numbers: those of pictures, and those of texts without any."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.model.vocabulary import PAD, Vocabulary
from training.data.captions import sentences_of
from training.data.views import Rows

_SIDES = {"left", "right"}


@dataclass(frozen=True, slots=True)
class Captions:
    """The captions of a split as numbers.

    `tokens` int32 [images, captions, max_words + 2] from start to end, padded; an image with fewer
    captions has rows of padding. `may_flip` bool [images]: no caption tells left from right.
    """

    tokens: NDArray[np.int32]
    may_flip: NDArray[np.bool_]


def encode_captions(
    images: Sequence[Sequence[str]],
    vocabulary: Vocabulary,
    *,
    per_image: int,
    max_words: int,
) -> Captions:
    """Encode the first `per_image` captions of each image that have at most `max_words` words.

    `images` are each image's captions.
    """
    tokens = np.full((len(images), per_image, max_words + 2), PAD, np.int32)
    may_flip = np.ones(len(images), np.bool_)
    for row, said in enumerate(images):
        sentences = sentences_of(said, longest=max_words)[:per_image]
        for column, words in enumerate(sentences):
            ids = vocabulary.encode(words)
            tokens[row, column, : len(ids)] = ids
            may_flip[row] &= not _SIDES.intersection(words)
    return Captions(tokens, may_flip)


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Captions without pictures: `tokens` as in `Captions`, and tags that might be told of them."""

    tokens: NDArray[np.int32]
    imagine: Callable[[Rows, np.random.Generator], NDArray[np.float32]]
    """(rows, chance) -> tags [rows, tags]"""
    sizes: tuple[int, ...]
    """How many of them are of each file, in order."""
