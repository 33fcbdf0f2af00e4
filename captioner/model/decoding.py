"""Beam search over any step function; the one implementation that serves training and the app.

A decoder is seen as a `Step`: given the last token of every open caption, and which row of its
previous call each of them continues, it returns log-probabilities of the next token. How it keeps
its state between calls (an LSTM's h and c, a transformer's keys and values, or nothing at all and
the whole prefix again) is its own affair.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from captioner.model.repetition import Repetition
from captioner.model.vocabulary import END, PAD, START, UNKNOWN

Ids = NDArray[np.int64]
LogProbs = NDArray[np.float32]

# Values are looked through in so many columns for the highest.
_COLUMNS = 256


class Step(Protocol):
    """One step of a decoder that carries its own state."""

    def __call__(self, tokens: Ids, parents: Ids) -> LogProbs:
        """Give log-probabilities [rows, vocabulary] of the token after `tokens` [rows].

        `parents` [rows] are the rows of the previous call (at first: of the pictures) whose state
        each row goes on from.
        """


@dataclass(frozen=True, slots=True)
class BeamSettings:
    """How captions are searched.

    Captions are ranked by their log-probability divided by length**`length_penalty` (the end
    counts as a word): 0 prefers short ones, 1 ranks by the mean log-probability of a word.
    `banned` words are never written, and those that `repetition` bars not again.
    """

    beam_size: int = 3
    length_penalty: float = 1.0
    max_words: int = 20
    min_words: int = 1
    banned: Collection[int] = field(default=(PAD, START, UNKNOWN))
    repetition: Repetition | None = None

    def __post_init__(self) -> None:
        if self.beam_size < 1 or self.max_words < 1:
            raise ValueError("beam_size and max_words must be at least 1")
        if self.length_penalty < 0:
            raise ValueError("length_penalty must not be negative")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A caption as the search found it: its words' ids, and how likely each of them was."""

    ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    """Of each word and of the end; a caption cut off at the length limit has no end."""
    score: float

    @property
    def log_prob(self) -> float:
        return sum(self.log_probs)

    @property
    def mean_probability(self) -> float:
        """Geometric mean of the tokens' probabilities, 0..1: not yet a chance of being right."""
        return float(np.exp(self.log_prob / (len(self.ids) + 1)))


@dataclass(frozen=True, slots=True)
class _Open:
    """A caption that may still go on, and the sum of its log-probabilities."""

    ids: tuple[int, ...]
    log_probs: tuple[float, ...]
    total: np.float32

    def followed_by(self, token: int, log_prob: float, total: np.float32) -> "_Open":
        return _Open((*self.ids, token), (*self.log_probs, log_prob), total)


class _Beam:
    """The open and finished captions of one picture."""

    def __init__(self, settings: BeamSettings) -> None:
        self._settings = settings
        self._banned = np.fromiter(settings.banned, np.intp)
        self.open: list[_Open] = [_Open((), (), np.float32(0))]
        self.finished: list[Hypothesis] = []

    def _score(self, total: np.float32, tokens: int) -> float:
        return float(total) / float(tokens**self._settings.length_penalty)

    def _finish(
        self, ids: tuple[int, ...], log_probs: tuple[float, ...], total: np.float32
    ) -> None:
        self.finished.append(Hypothesis(ids, log_probs, self._score(total, len(ids) + 1)))

    def extend(self, log_probs: LogProbs) -> list[int]:
        """Take the best continuations; give, for each caption still open, its row in `log_probs`.

        Each call sees `2 * beam_size` candidates, so that enough stay open where many end.
        """
        size = self._settings.beam_size
        flat = self._totals(log_probs).ravel()

        rows: list[int] = []
        following: list[_Open] = []
        for rank, candidate in enumerate(_highest(flat, 2 * size)):
            if not np.isfinite(flat[candidate]):
                break
            row, token = divmod(int(candidate), log_probs.shape[1])
            parent, log_prob = self.open[row], float(log_probs[row, token])
            if token == END:
                if rank < size:
                    self._finish(parent.ids, (*parent.log_probs, log_prob), flat[candidate])
            elif len(rows) < size:
                rows.append(row)
                following.append(parent.followed_by(token, log_prob, flat[candidate]))
        self.open = following
        if following and len(following[0].ids) == self._settings.max_words:
            for each in following:
                self._finish(each.ids, each.log_probs, each.total)
            self.open = []
        elif self._is_settled():
            self.open = []
        return rows if self.open else []

    def _totals(self, log_probs: LogProbs) -> LogProbs:
        """Give the sum that each continuation would have, [open captions, vocabulary]."""
        totals = np.array([each.total for each in self.open])[:, None] + log_probs
        totals[:, self._banned] = -np.inf
        if repetition := self._settings.repetition:
            for row, each in enumerate(self.open):
                totals[row, list(repetition.barred(each.ids))] = -np.inf
        if len(self.open[0].ids) < self._settings.min_words:
            totals[:, END] = -np.inf
        return np.asarray(totals)

    def _is_settled(self) -> bool:
        """Whether no open caption, ended at once, would displace one of the `beam_size` finished.

        Where length is rewarded, likely words to come may still raise a mean: of 1,000 dev pictures
        of Flickr8k, 5 then get another caption, no better or worse, for a third more steps.
        """
        size = self._settings.beam_size
        if len(self.finished) < size or not self.open:
            return not self.open
        worst = sorted((each.score for each in self.finished), reverse=True)[size - 1]
        ended = len(self.open[0].ids) + 1
        return self._score(max(each.total for each in self.open), ended) <= worst

    def ranked(self) -> list[Hypothesis]:
        best = sorted(self.finished, key=lambda each: (-each.score, each.ids))
        return best[: self._settings.beam_size]


def _highest(values: LogProbs, count: int) -> NDArray[np.intp]:
    """Give the places of the highest of `values` [any number], the highest first.

    Ties go by place, for the same caption every time.
    """
    floor = -np.inf
    if (rows := len(values) // _COLUMNS) and count < _COLUMNS:
        # Of so many columns, each with a highest of its own, the best few are not below the best
        # few of all: a pass or two over the values instead of a partition of them.
        peaks = values[: rows * _COLUMNS].reshape(rows, _COLUMNS).max(axis=0)
        floor = np.partition(peaks, -count)[-count]
    places = np.flatnonzero(values >= floor)
    return places[np.argsort(-values[places], kind="stable")][:count]


def beam_search(step: Step, pictures: int, settings: BeamSettings) -> list[list[Hypothesis]]:
    """Search the captions of a batch; give each picture's hypotheses, best first.

    Each picture has its own beam and leaves the batch as soon as its captions are settled, so
    that no caption depends on the other pictures of its batch.
    """
    beams = [_Beam(settings) for _ in range(pictures)]
    open_beams = list(beams)
    tokens: Ids = np.full(pictures, START, np.int64)
    parents: Ids = np.arange(pictures)
    while open_beams:
        log_probs = step(tokens, parents)
        next_parents: list[int] = []
        offset = 0
        for beam in open_beams:
            rows = len(beam.open)
            going_on = beam.extend(log_probs[offset : offset + rows])
            next_parents += [offset + row for row in going_on]
            offset += rows
        open_beams = [beam for beam in open_beams if beam.open]
        tokens = np.array([each.ids[-1] for beam in open_beams for each in beam.open], np.int64)
        parents = np.array(next_parents, np.int64)
    return [beam.ranked() for beam in beams]
