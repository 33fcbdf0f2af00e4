"""Which pictures and texts each step shows, and which part of it to whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from captioner.model.vocabulary import PAD
from training.data.encoding import Captions, EncodedTexts
from training.data.views import Rows, Seen, Views

# Batches are made of this many at a time, so that those of like length come together.
_POOL = 32
# Of pictures that the decoder may look at, the share whose grid it can trust only in part.
_WAVERING = 0.1


class Step(NamedTuple):
    """What one replica learns from in a step: pictures, texts, and what is seen of both.

    `longest` is how many tokens the longest caption of the whole step has, whoever learns it.
    """

    pictures: Rows
    texts: Rows
    seen: Seen
    longest: int


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of every step is this process's: that of `count` replicas from `first` on.

    The steps are the same however many replicas share them; all of one process is the default.
    """

    first: int = 0
    count: int = 1
    of: int = 1

    def replicas(self) -> range:
        return range(self.first, self.first + self.count)

    def rows(self, total: int) -> Rows:
        """Give the numbers, of so many pictures in lanes, that this process ever sees."""
        numbers = np.arange(total)
        return numbers[np.isin(numbers % self.of, self.replicas())]


WHOLE = Share()


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
        share: Share = WHOLE,
        lanes: int = 1,
    ) -> None:
        """Of so many `lanes`, picture `i` is in that of number `i % lanes`.

        Each step goes round the lanes, so that pictures of a replica's own lanes are all that it
        ever sees, where their number is a multiple of the replicas'.
        """
        self._views, self._captions, self._texts = views, captions, texts
        self._mixture, self._seed = mixture, seed
        self._share, self._lanes = share, lanes
        self._lengths = (captions.tokens != PAD).sum(axis=2).max(axis=1)
        self._is_mirrored = np.array([look.is_mirrored for look in views.looks])
        self.epoch = 0

    def __len__(self) -> int:
        """Steps of an epoch."""
        if self._mixture.pictures:
            return max(1, self._usable // self._mixture.pictures)
        return max(1, len(self._texts.tokens) // self._mixture.texts) if self._texts else 0

    @property
    def replicas(self) -> int:
        """How many replicas of this process each step is for."""
        return self._share.count

    @property
    def _usable(self) -> int:
        """Pictures that an epoch shows at most: as many of each lane."""
        return len(self._views) // self._lanes * self._lanes

    def steps(self) -> Iterator[Step]:
        """Give the steps of the epoch, each as one `Step` for each replica of this process.

        Pictures whose captions are of like length come together, which leaves less padding. All
        processes throw the same dice for the whole step, and read what they see of their part.
        """
        chance = np.random.default_rng((*self._seed, self.epoch))
        texts = self._text_rows(len(self) * self._mixture.texts, chance)
        of_steps = zip(self._batches(chance), np.split(texts, len(self)), strict=True)
        for pictures, beside in of_steps:
            yield from self._shares(pictures, beside, chance)

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
        order = self._order(chance)
        if len(order) < size:
            return [order]
        order = order[: len(self) * size]
        for start in range(0, len(order), size * _POOL):
            self._put_like_lengths_together(order[start : start + size * _POOL], start)
        return list(chance.permutation(order.reshape(-1, size)))

    def _order(self, chance: np.random.Generator) -> Rows:
        """Shuffle the pictures of each lane, and take one of each in turn."""
        each = self._usable // self._lanes
        lanes = [
            chance.permutation(np.arange(lane, len(self._views), self._lanes))[:each]
            for lane in range(self._lanes)
        ]
        return np.stack(lanes, axis=1).ravel()

    def _put_like_lengths_together(self, pool: Rows, start: int) -> None:
        """Sort a part of the order by the length of captions, lane by lane; it begins at start."""
        lanes = (start + np.arange(len(pool))) % self._lanes
        for lane in range(self._lanes):
            places = np.flatnonzero(lanes == lane)
            rows = pool[places]
            pool[places] = rows[np.argsort(self._lengths[rows], kind="stable")]

    def _shares(self, pictures: Rows, texts: Rows, chance: np.random.Generator) -> Iterator[Step]:
        """Give what each replica of this process sees of a step's pictures and texts."""
        looks = chance.integers(len(self._views.looks), size=len(pictures))
        looks[self._is_mirrored[looks] & ~self._captions.may_flip[pictures]] = 0
        trust = imagined = None
        if self._views.tells_tags:
            dice = chance.random((3, len(pictures)))
            trust = np.where(dice[0] < _WAVERING, dice[1], 1)
            trust[dice[2] < self._mixture.blind] = 0
            if self._texts and len(texts):
                imagined = self._texts.imagine(texts, chance)
        longest = int((self.tokens(pictures, texts) != PAD).sum(axis=2).max())
        for replica in self._share.replicas():
            part = slice(replica, None, self._share.of)
            seen = self._views.take(pictures[part], looks[part])
            if trust is not None:
                unseen = np.zeros(len(texts[part]))
                seen["trust"] = np.concatenate([trust[part], unseen]).astype(np.float32)
            if imagined is not None:
                seen["tags"] = np.concatenate([seen["tags"], imagined[part]])
            if not len(pictures):
                del seen[self._views.kind]
            yield Step(pictures[part], texts[part], seen, longest)

    def tokens(self, pictures: Rows, texts: Rows) -> NDArray[np.int32]:
        """Give their captions, [pictures and texts, captions, longest of them]."""
        tokens = self._captions.tokens[pictures]
        if self._texts:
            tokens = np.concatenate([tokens, self._texts.tokens[texts]])
        return tokens
