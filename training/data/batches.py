"""Training batches: pictures (or their grids) with all their captions, from memory-mapped files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.vocabulary import PAD, Vocabulary
from training.data.captions import sentences_of
from training.data.datasets import CaptionedImage

_SIDES = {"left", "right"}


@dataclass(frozen=True, slots=True)
class Captions:
    """The captions of a split as numbers.

    `tokens` int32 [images, captions, max_words + 2] from start to end, padded; an image with fewer
    captions has rows of padding. `may_flip` bool [images]: no caption tells left from right.
    """

    tokens: NDArray[np.int32]
    may_flip: NDArray[np.bool_]

    @property
    def words(self) -> int:
        """Tokens to be predicted: words and ends."""
        return int((self.tokens[:, :, 1:] != PAD).sum())


def encode_captions(
    images: Sequence[CaptionedImage],
    vocabulary: Vocabulary,
    *,
    per_image: int,
    max_words: int,
) -> Captions:
    """Encode the first `per_image` captions of each image that have at most `max_words` words."""
    tokens = np.full((len(images), per_image, max_words + 2), PAD, np.int32)
    may_flip = np.ones(len(images), np.bool_)
    for row, image in enumerate(images):
        sentences = sentences_of(image.captions, longest=max_words)[:per_image]
        for column, words in enumerate(sentences):
            ids = vocabulary.encode(words)
            tokens[row, column, : len(ids)] = ids
            may_flip[row] &= not _SIDES.intersection(words)
    return Captions(tokens, may_flip)


@dataclass(frozen=True, slots=True)
class Views:
    """What the model sees of a split: as it is, and mirrored where there is such a file.

    Arrays are memory-mapped, [images, ...]. Pictures can be mirrored as they are read; grids
    cannot, as the encoder does not give mirrored grids for mirrored pictures.
    """

    kind: str
    """`"pictures"` uint8 [images, side, side, 3] or `"grid"` float16 [images, patches, channels]"""
    plain: NDArray[Any]
    mirrored: NDArray[Any] | None = None

    def take(self, rows: NDArray[np.int64], mirror: NDArray[np.bool_]) -> NDArray[Any]:
        """Read rows, those marked from the mirrored views."""
        order = np.argsort(rows)  # in file order: the disk is read forwards
        taken = np.empty((len(rows), *self.plain.shape[1:]), self.plain.dtype)
        for place in order:
            source = self.mirrored if mirror[place] and self.mirrored is not None else self.plain
            view = source[rows[place]]
            is_picture = mirror[place] and self.mirrored is None
            taken[place] = view[:, ::-1] if is_picture else view
        return taken


def training_batches(
    views: Views,
    captions: Captions,
    *,
    images_per_step: int,
    seed: int,
    flips: bool,
    shuffle: bool = True,
) -> tf.data.Dataset:
    """Give `(inputs, next tokens, weights)`: one epoch, in another order each time.

    `inputs` are the views under their kind and `tokens` [batch, captions, length]; the weights are
    1 for words and ends, 0 for padding. With `flips`, half of those that may be are mirrored.
    """
    can_flip = flips and (views.kind == "pictures" or views.mirrored is not None)
    count = len(captions.tokens)
    dataset = tf.data.Dataset.range(count)
    if shuffle:
        dataset = dataset.shuffle(count, seed=seed, reshuffle_each_iteration=True)
    dataset = dataset.batch(images_per_step, drop_remainder=shuffle and count >= images_per_step)
    generator = np.random.default_rng(seed)
    shape = views.plain.shape[1:]
    length = captions.tokens.shape[2] - 1

    def read(rows: NDArray[np.int64]) -> tuple[NDArray[Any], NDArray[np.int32]]:
        mirror = captions.may_flip[rows] & (generator.random(len(rows)) < (0.5 if can_flip else 0))
        return views.take(rows, mirror), captions.tokens[rows]

    def batch(rows: Any) -> tuple[Mapping[str, Any], Any, Any]:
        seen, tokens = tf.numpy_function(read, [rows], (views.plain.dtype, tf.int32))
        seen = tf.ensure_shape(seen, (None, *shape))
        tokens = tf.ensure_shape(tokens, (None, captions.tokens.shape[1], length + 1))
        following = tokens[:, :, 1:]
        weights = tf.cast(following != PAD, tf.float32)
        return {views.kind: seen, "tokens": tokens[:, :, :-1]}, following, weights

    return dataset.map(batch).prefetch(4)
