"""The state of a decoder between steps, kept outside its graph."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from captioner.model.decoding import Ids, LogProbs

Arrays = Mapping[str, NDArray[np.float32]]
RunDecoder = Callable[[Ids, Arrays, Arrays], tuple[LogProbs, Arrays]]
"""(tokens [rows], memory, cache) -> log-probabilities [rows, vocabulary] and the next cache."""


class CachedStep:
    """A `decoding.Step` of a decoder that reads `memory.*` and carries `cache.*`.

    `memory` and `cache` have one row for each picture; from then on, rows follow the open captions.
    Either may be empty: an LSTM that starts from the picture keeps nothing else of it. A decoder
    that `broadcasts` takes the memory of a single picture as it is, however many captions are open.
    """

    def __init__(
        self, run: RunDecoder, memory: Arrays, cache: Arrays, *, broadcasts: bool = False
    ) -> None:
        self._run = run
        self._pictures = memory
        self._cache = cache
        self._memory = memory
        states = [*memory.values(), *cache.values()]
        self._picture_of_row: Ids = np.arange(len(states[0]))
        self._is_shared = broadcasts and len(self._picture_of_row) == 1

    def __call__(self, tokens: Ids, parents: Ids) -> LogProbs:
        if not self._is_shared:
            self._follow(self._picture_of_row[parents])
        cache = {name: rows[parents] for name, rows in self._cache.items()}
        log_probs, self._cache = self._run(tokens, self._memory, cache)
        return log_probs

    def _follow(self, pictures: Ids) -> None:
        """Have in memory, for each row, the picture of this number."""
        if not np.array_equal(pictures, self._picture_of_row):
            # The largest arrays by far; most steps only shuffle rows within their picture.
            self._memory = {name: rows[pictures] for name, rows in self._pictures.items()}
            self._picture_of_row = pictures


def starting_cache(
    encoded: Arrays, shapes: Mapping[str, tuple[int, ...]], pictures: int
) -> dict[str, NDArray[np.float32]]:
    """Give each `cache.*` at the first step: the encoder's own, or zeros of its shape."""
    return {
        name: encoded[name] if name in encoded else np.zeros((pictures, *shape), np.float32)
        for name, shape in shapes.items()
    }
