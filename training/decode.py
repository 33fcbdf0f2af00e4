"""A Keras model's parts as traced functions, and its captions through the app's own beam search."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.decoding import BeamSettings, Hypothesis, Ids, LogProbs, beam_search
from captioner.model.stepping import Arrays, CachedStep, starting_cache
from training.model import CaptionModel


class TracedModel:
    """The bundle's two graphs as TensorFlow functions with explicit signatures.

    `encode`: images uint8 [batch, side, side, 3] -> `memory.*` and perhaps `cache.*`.
    `step`: tokens int64 [rows], then `state_names` in order -> `log_probs`, `cache.*.next` and,
    where the decoder looks at patches, `attention`.
    """

    def __init__(self, model: CaptionModel) -> None:
        decoder = model.decoder
        grid = tf.TensorSpec((None, *model.encoder.output_shape[1:]), tf.float32)
        images = tf.TensorSpec((None, *model.encoder.input_shape[1:]), tf.uint8, name="images")
        self.prepare = tf.function(
            lambda grid: dict(decoder.memory(grid)), input_signature=[grid], autograph=False
        )
        self.encode = tf.function(
            lambda images: dict(decoder.memory(model.encoder(images, training=False))),
            input_signature=[images],
            autograph=False,
        )
        shapes = self._state_shapes(model)
        self.state_names = list(shapes)

        def step(tokens: Any, *states: Any) -> dict[str, Any]:
            memory = dict(zip(shapes, states, strict=True))
            cache = {name: memory.pop(name) for name in decoder.cache_shapes}
            logits, attention, following = decoder.step(tokens, memory, cache)
            outputs = {"log_probs": tf.nn.log_softmax(logits)}
            if attention is not None:
                outputs["attention"] = attention
            return outputs | {f"{name}.next": rows for name, rows in following.items()}

        specs = [tf.TensorSpec([None], tf.int64, name="tokens")]
        specs += [tf.TensorSpec(shape, tf.float32, name=name) for name, shape in shapes.items()]
        self.step = tf.function(step, input_signature=specs, autograph=False)

    def _state_shapes(self, model: CaptionModel) -> dict[str, list[int | None]]:
        """Shape of each state that the step reads, rows and growing axes open."""
        sample = self.prepare(tf.zeros((1, *model.encoder.output_shape[1:])))
        shapes = {
            name: [None, *rows.shape[1:]]
            for name, rows in sample.items()
            if name.startswith("memory.")
        }
        for name, shape in model.decoder.cache_shapes.items():
            shapes[name] = [None, *shape]
            if name in model.decoder.growing_axes:
                shapes[name][model.decoder.growing_axes[name] + 1] = None
        return shapes


class KerasCaptioner:
    """Captions pictures, or grids computed before, with a Keras model's present weights."""

    def __init__(self, model: CaptionModel) -> None:
        self._traced = TracedModel(model)
        self._cache_shapes = model.decoder.cache_shapes

    def start(self, views: NDArray[Any]) -> CachedStep:
        """Encode pictures (uint8) or grids and give their decoder's step."""
        if views.dtype == np.uint8:
            tensors = self._traced.encode(views)
        else:
            tensors = self._traced.prepare(views.astype(np.float32))
        encoded: Arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        cache = starting_cache(encoded, self._cache_shapes, len(views))
        memory = {name: rows for name, rows in encoded.items() if name not in cache}
        return CachedStep(self._run, memory, cache)

    def _run(self, tokens: Ids, memory: Arrays, cache: Arrays) -> tuple[LogProbs, Arrays]:
        states = {**memory, **cache}
        outputs = self._traced.step(tokens, *(states[name] for name in self._traced.state_names))
        following = {name: outputs[f"{name}.next"].numpy() for name in cache}
        return outputs["log_probs"].numpy(), following

    def search(
        self, views: NDArray[Any], settings: BeamSettings, *, batch: int = 32
    ) -> Iterator[list[Hypothesis]]:
        """Caption every row of `views`, batch by batch, in order."""
        for start in range(0, len(views), batch):
            rows = np.asarray(views[start : start + batch])
            yield from beam_search(self.start(rows), len(rows), settings)
