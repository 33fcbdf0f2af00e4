"""Training batches: pictures (or what was computed of them) with all their captions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.vocabulary import PAD, Vocabulary
from training.data.captions import sentences_of

_SIDES = {"left", "right"}
# Batches are made of this many at a time, so that those of like length come together.
_POOL = 32
# Of pictures that the decoder may look at, the share whose grid it can trust only in part.
_WAVERING = 0.1

type Rows = NDArray[np.int64]
type Seen = dict[str, NDArray[Any]]
type Step = tuple[Rows, Rows, Seen]
"""Pictures, texts, and what is seen of both."""


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
class Look:
    """One way of looking at a split's pictures: as they are, mirrored, or cut out of them.

    `seen` [images, ...] is memory-mapped; with `turned`, pictures are mirrored as they are read.
    `told` is what the recogniser says of them, by name, [images, ...].
    """

    seen: NDArray[Any]
    is_mirrored: bool = False
    turned: bool = False
    told: Mapping[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Views:
    """A split's pictures as the model sees them, at first plainly, then in other ways.

    `kind` says what `seen` holds: `"pictures"` uint8 [images, side, side, 3], `"features"` of the
    encoder's frozen part, or its `"grid"` [images, patches, channels].
    """

    kind: str
    looks: tuple[Look, ...]

    def __len__(self) -> int:
        return len(self.looks[0].seen)

    def plain(self) -> Seen:
        """Give all pictures as they are, and what is told of them."""
        return {self.kind: self.looks[0].seen, **self.looks[0].told}

    def take(self, rows: Rows, looks: Rows) -> Seen:
        """Read rows, each by the look of that number."""
        shape, dtype = self.looks[0].seen.shape[1:], self.looks[0].seen.dtype
        seen = np.empty((len(rows), *shape), dtype)
        for place in np.argsort(rows):  # in file order: the disk is read forwards
            look = self.looks[looks[place]]
            view = look.seen[rows[place]]
            seen[place] = view[:, ::-1] if look.turned else view
        told = {}
        for name, plain in self.looks[0].told.items():
            told[name] = np.empty((len(rows), *plain.shape[1:]), np.float32)
            for place, (row, number) in enumerate(zip(rows, looks, strict=True)):
                told[name][place] = self.looks[number].told[name][row]
        return {self.kind: seen, **told}


@dataclass(frozen=True, slots=True)
class EncodedTexts:
    """Captions without pictures: `tokens` as in `Captions`, and tags that might be told of them."""

    tokens: NDArray[np.int32]
    imagine: Callable[[Rows, np.random.Generator], NDArray[np.float32]]
    """(rows, chance) -> tags [rows, tags]"""
    sizes: tuple[int, ...]
    """How many of them are of each file, in order."""


@dataclass(frozen=True, slots=True)
class Mixture:
    """What a step is made of: pictures, of which a share is told by tags alone, and texts."""

    pictures: int
    texts: int = 0
    blind: float = 0.0


class Sampler:
    """Chooses what each step shows: which pictures and texts, by which look, with how much trust.

    With pictures, an epoch is all of them once. An `epoch` is the same whenever it is gone through,
    so that a run that was resumed goes on as it would have.
    """

    def __init__(
        self,
        views: Views,
        captions: Captions,
        texts: EncodedTexts | None,
        mixture: Mixture,
        *,
        seed: Sequence[int],
    ) -> None:
        self._views, self._captions, self._texts = views, captions, texts
        self._mixture, self._seed = mixture, seed
        self._lengths = (captions.tokens != PAD).sum(axis=2).max(axis=1)
        self._is_mirrored = np.array([look.is_mirrored for look in views.looks])
        self.epoch = 0

    def __len__(self) -> int:
        """Steps of an epoch."""
        if self._mixture.pictures:
            return max(1, len(self._views) // self._mixture.pictures)
        return max(1, len(self._texts.tokens) // self._mixture.texts) if self._texts else 0

    def steps(self) -> Iterator[Step]:
        """Give the steps of the epoch.

        Pictures whose captions are of like length come together, which leaves less padding.
        """
        chance = np.random.default_rng((*self._seed, self.epoch))
        texts = self._text_rows(len(self) * self._mixture.texts, chance)
        of_steps = zip(self._batches(chance), np.split(texts, len(self)), strict=True)
        for pictures, beside in of_steps:
            yield pictures, beside, self._see(pictures, beside, chance)

    def _text_rows(self, count: int, chance: np.random.Generator) -> Rows:
        """Choose texts from each file in proportion to the square root of its size.

        A small file would otherwise hardly be heard beside a large one.
        """
        if not count or self._texts is None:
            return np.empty(0, np.int64)
        sizes = np.array(self._texts.sizes)
        odds = np.sqrt(sizes) / np.sqrt(sizes).sum()
        chosen = chance.choice(len(sizes), count, p=odds)
        rows = np.empty(count, np.int64)
        for file, start in enumerate(np.cumsum(sizes) - sizes):
            places = np.flatnonzero(chosen == file)
            times = -(-len(places) // sizes[file])
            orders = [chance.permutation(sizes[file]) for _ in range(times)]
            rows[places] = start + np.concatenate([*orders, np.empty(0, np.int64)])[: len(places)]
        return rows

    def _batches(self, chance: np.random.Generator) -> list[Rows]:
        size = self._mixture.pictures
        if not size:
            return [np.empty(0, np.int64)] * len(self)
        order = chance.permutation(len(self._views))
        if len(order) < size:
            return [order]
        order = order[: len(self) * size]
        pools = [order[at : at + size * _POOL] for at in range(0, len(order), size * _POOL)]
        alike = [pool[np.argsort(self._lengths[pool], kind="stable")] for pool in pools]
        batches = np.concatenate(alike).reshape(-1, size)
        return list(chance.permutation(batches))

    def _see(self, pictures: Rows, texts: Rows, chance: np.random.Generator) -> Seen:
        """Give what is seen of these pictures and texts, in this order."""
        looks = chance.integers(len(self._views.looks), size=len(pictures))
        looks[self._is_mirrored[looks] & ~self._captions.may_flip[pictures]] = 0
        seen = self._views.take(pictures, looks)
        if "tags" not in seen:
            return seen
        dice = chance.random((3, len(pictures)))
        trust = np.where(dice[0] < _WAVERING, dice[1], 1)
        trust[dice[2] < self._mixture.blind] = 0
        seen["trust"] = np.concatenate([trust, np.zeros(len(texts))]).astype(np.float32)
        if self._texts and len(texts):
            imagined = self._texts.imagine(texts, chance)
            seen["tags"] = np.concatenate([seen["tags"], imagined])
        if not len(pictures):
            del seen[self._views.kind]
        return seen

    def tokens(self, pictures: Rows, texts: Rows) -> NDArray[np.int32]:
        """Give their captions, [pictures and texts, captions, longest of them]."""
        tokens = self._captions.tokens[pictures]
        if self._texts:
            tokens = np.concatenate([tokens, self._texts.tokens[texts]])
        return tokens


def training_batches(sampler: Sampler, *, any_length: bool) -> tf.data.Dataset:
    """Give `(inputs, next tokens, weights)`: one epoch, in another order each time.

    `inputs` are what is seen and `tokens` [batch, captions, length]; the weights are 1 for words
    and ends, 0 for padding. With `any_length`, tokens are cut to the longest caption of the step.
    """

    def batches() -> Iterator[tuple[Seen, NDArray[np.int32], NDArray[np.float32]]]:
        for pictures, texts, seen in sampler.steps():
            tokens = sampler.tokens(pictures, texts)
            if any_length:
                tokens = tokens[:, :, : (tokens != PAD).sum(axis=2).max()]
            following = tokens[:, :, 1:]
            weights = (following != PAD).astype(np.float32)
            yield {**seen, "tokens": tokens[:, :, :-1]}, following, weights

    return dataset_of(batches, steps=len(sampler), any_length=any_length)


def plain_batches(everything: Seen, captions: Captions, *, images_per_step: int) -> tf.data.Dataset:
    """Give `(inputs, next tokens, weights)` of all pictures, in order; `everything` is seen."""
    count = len(captions.tokens)

    def batches() -> Iterator[tuple[Seen, NDArray[np.int32], NDArray[np.float32]]]:
        for start in range(0, count, images_per_step):
            rows = slice(start, start + images_per_step)
            tokens = captions.tokens[rows]
            seen = {name: np.asarray(all_rows[rows]) for name, all_rows in everything.items()}
            following = tokens[:, :, 1:]
            weights = (following != PAD).astype(np.float32)
            yield {**seen, "tokens": tokens[:, :, :-1]}, following, weights

    return dataset_of(batches, steps=-(-count // images_per_step))


def dataset_of(
    batches: Callable[[], Iterator[tuple[Seen, NDArray[Any], NDArray[Any]]]],
    *,
    steps: int,
    any_length: bool = False,
    ahead: int = 4,
) -> tf.data.Dataset:
    """Give what `batches` gives, an epoch of so many steps, which are made `ahead` of their use.

    The first axis of all arrays is open, and with `any_length` the third of captions too.
    """

    def spec(rows: NDArray[Any], *, of_captions: bool) -> tf.TensorSpec:
        shape = [None, *rows.shape[1:]]
        if of_captions and any_length:
            shape[2] = None
        return tf.TensorSpec(shape, rows.dtype)

    inputs, following, weights = next(batches())
    signature = (
        {name: spec(rows, of_captions=name == "tokens") for name, rows in inputs.items()},
        spec(following, of_captions=True),
        spec(weights, of_captions=True),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(ahead)
