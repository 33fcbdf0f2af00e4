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

from captioner.model.vocabulary import END, PAD, START, UNKNOWN

Ids = NDArray[np.int64]
LogProbs = NDArray[np.float32]


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
    """

    beam_size: int = 3
    length_penalty: float = 1.0
    max_words: int = 20
    min_words: int = 1
    banned: Collection[int] = field(default=(PAD, START, UNKNOWN))

    def __post_init__(self) -> None:
        if self.beam_size < 1 or self.max_words < 1:
            raise ValueError("beam_size and max_words must be at least 1")
        if self.length_penalty < 0:
            raise ValueError("length_penalty must not be negative")


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A caption as the search found it: its words' ids, and how likely it is."""

    ids: tuple[int, ...]
    log_prob: float
    """Sum over the words and the end; a caption cut off at the length limit has no end."""
    score: float

    @property
    def mean_probability(self) -> float:
        """Geometric mean of the tokens' probabilities, 0..1: not yet a chance of being right."""
        return float(np.exp(self.log_prob / (len(self.ids) + 1)))


class _Beam:
    """The open and finished captions of one picture."""

    def __init__(self, settings: BeamSettings) -> None:
        self._settings = settings
        self.prefixes: list[tuple[int, ...]] = [()]
        self.log_probs: LogProbs = np.zeros(1, np.float32)
        self.finished: list[Hypothesis] = []

    def _score(self, log_prob: float, tokens: int) -> float:
        return log_prob / float(tokens**self._settings.length_penalty)

    def _finish(self, ids: tuple[int, ...], log_prob: float) -> None:
        score = self._score(log_prob, len(ids) + 1)
        self.finished.append(Hypothesis(ids, log_prob, score))

    def extend(self, log_probs: LogProbs) -> list[int]:
        """Take the best continuations; give, for each caption still open, its row in `log_probs`.

        Each call sees `2 * beam_size` candidates, so that enough stay open where many end.
        """
        words = len(self.prefixes[0])
        size = self._settings.beam_size
        totals = self.log_probs[:, None] + log_probs
        totals[:, list(self._settings.banned)] = -np.inf
        if words < self._settings.min_words:
            totals[:, END] = -np.inf
        flat = totals.ravel()
        count = min(2 * size, flat.size)
        best = np.flatnonzero(flat >= np.partition(flat, -count)[-count])
        # A stable sort: ties go by row and id, for the same caption every time.
        best = best[np.argsort(-flat[best], kind="stable")][:count]

        rows: list[int] = []
        prefixes: list[tuple[int, ...]] = []
        kept: list[np.float32] = []
        for rank, candidate in enumerate(best):
            if not np.isfinite(flat[candidate]):
                break
            row, token = divmod(int(candidate), log_probs.shape[1])
            if token == END:
                if rank < size:
                    self._finish(self.prefixes[row], float(flat[candidate]))
            elif len(rows) < size:
                rows.append(row)
                prefixes.append((*self.prefixes[row], token))
                kept.append(flat[candidate])
        self.prefixes, self.log_probs = prefixes, np.array(kept, np.float32)
        if prefixes and len(prefixes[0]) == self._settings.max_words:
            for prefix, log_prob in zip(prefixes, kept, strict=True):
                self._finish(prefix, float(log_prob))
            self.prefixes = []
        elif self._is_settled():
            self.prefixes = []
        return rows if self.prefixes else []

    def _is_settled(self) -> bool:
        """Whether no open caption can still displace one of the `beam_size` best finished ones.

        Log-probability only falls as words are added, so that an open caption is at its best
        either ended at once or, where length is rewarded, at the limit with no loss at all.
        """
        size = self._settings.beam_size
        if len(self.finished) < size or not len(self.log_probs):
            return not len(self.log_probs)
        worst = sorted((each.score for each in self.finished), reverse=True)[size - 1]
        longest = self._settings.max_words + 1
        return self._score(float(self.log_probs.max()), longest) <= worst

    def ranked(self) -> list[Hypothesis]:
        best = sorted(self.finished, key=lambda each: (-each.score, each.ids))
        return best[: self._settings.beam_size]


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
            rows = len(beam.prefixes)
            going_on = beam.extend(log_probs[offset : offset + rows])
            next_parents += [offset + row for row in going_on]
            offset += rows
        open_beams = [beam for beam in open_beams if beam.prefixes]
        tokens = np.array([ids[-1] for beam in open_beams for ids in beam.prefixes], np.int64)
        parents = np.array(next_parents, np.int64)
    return [beam.ranked() for beam in beams]
