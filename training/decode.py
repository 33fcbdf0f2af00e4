"""Captions from a Keras model, through the app's own beam search."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.decoding import BeamSettings, Hypothesis, Ids, LogProbs, beam_search
from captioner.model.stepping import Arrays, CachedStep, starting_cache
from training.model import CaptionModel


class KerasDecoder:
    """Encoder and decoder step of a model as functions on arrays, traced once."""

    def __init__(self, model: CaptionModel) -> None:
        self._decoder = model.decoder
        self._encode = tf.function(model.encoder, reduce_retracing=True)
        self._prepare = tf.function(model.decoder.memory, reduce_retracing=True)
        self._step = tf.function(model.decoder.step, reduce_retracing=True)

    def memory(self, views: NDArray[Any]) -> Arrays:
        """Give `memory.*` and starting `cache.*` of pictures (uint8) or grids."""
        is_pictures = views.dtype == np.uint8
        grid = self._encode(views) if is_pictures else tf.cast(views, tf.float32)
        return {name: tensor.numpy() for name, tensor in self._prepare(grid).items()}

    def run(self, tokens: Ids, memory: Arrays, cache: Arrays) -> tuple[LogProbs, Arrays]:
        """Run one step; see `stepping.RunDecoder`."""
        logits, _, following = self._step(tf.constant(tokens), _tensors(memory), _tensors(cache))
        log_probs = tf.nn.log_softmax(logits).numpy()
        return log_probs, {name: tensor.numpy() for name, tensor in following.items()}

    def start(self, views: NDArray[Any]) -> CachedStep:
        """Encode pictures or grids and give their decoder's step."""
        encoded = self.memory(views)
        cache = starting_cache(encoded, self._decoder.cache_shapes, len(views))
        memory = {name: rows for name, rows in encoded.items() if name.startswith("memory.")}
        return CachedStep(self.run, memory, cache)

    def search_all(
        self, views: NDArray[Any], settings: BeamSettings, *, batch: int = 32
    ) -> Iterator[list[Hypothesis]]:
        """Caption every row of `views`, batch by batch, in order."""
        for start in range(0, len(views), batch):
            rows = np.asarray(views[start : start + batch])
            yield from beam_search(self.start(rows), len(rows), settings)


def _tensors(arrays: Arrays) -> dict[str, Any]:
    return {name: tf.constant(rows) for name, rows in arrays.items()}


def texts(found: Sequence[Sequence[Hypothesis]], words: Sequence[str]) -> list[str]:
    """Give each picture's best caption as words with blanks between, as metrics take it."""
    return [" ".join(words[number] for number in ranked[0].ids) for ranked in found]
