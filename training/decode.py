"""A Keras model's parts as traced functions, and its captions through the app's own beam search."""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.decoding import BeamSettings, Hypothesis, Ids, beam_search
from captioner.model.stepping import Arrays, CachedStep, starting_cache
from training.model import CaptionModel

type Pictures = NDArray[np.uint8] | Mapping[str, NDArray[Any]]


class TracedModel:
    """The bundle's two graphs as TensorFlow functions with explicit signatures.

    `encode`: images uint8 [batch, side, side, 3] -> `memory.*`, perhaps `cache.*`, and what the
    recogniser tells: `tags` and `novelty`.
    `step`: tokens int64 [rows], then `state_names` in order -> `log_probs`, `cache.*.next` and,
    where the decoder looks at patches, `attention`.
    """

    def __init__(self, model: CaptionModel) -> None:
        decoder = model.decoder
        images = tf.TensorSpec((None, *model.encoder.input_shape[1:]), tf.uint8, name="images")

        def encode(images: Any) -> dict[str, Any]:
            seen = model.see({"pictures": images})
            told = {name: seen[name] for name in ("tags", "novelty") if name in seen}
            return {**decoder.memory(seen), **told}

        self.encode = tf.function(encode, input_signature=[images], autograph=False)
        self.prepare = tf.function(
            lambda seen: dict(decoder.memory(model.see(seen))),
            reduce_retracing=True,
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
        sample = self.encode(tf.zeros((1, *model.encoder.input_shape[1:]), tf.uint8))
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
    """Captions what is seen of pictures with a Keras model's present weights.

    That is pictures as they are, uint8 [pictures, side, side, 3], or a dict of what `CaptionModel`
    takes of them.
    """

    def __init__(self, model: CaptionModel) -> None:
        self._traced = TracedModel(model)
        self._cache_shapes = model.decoder.cache_shapes

    @property
    def tells_attention(self) -> bool:
        """Whether the decoder tells where it looks."""
        return "attention" in self._traced.step.get_concrete_function().structured_outputs

    def start(self, seen: Pictures, *, output: str = "log_probs") -> CachedStep:
        """Encode what is seen and give its decoder's step.

        The step gives `output`: log-probabilities, or the `attention` [rows, patches] with which
        it came to them.
        """
        if isinstance(seen, np.ndarray):
            tensors = self._traced.encode(seen)
        else:
            floats = {name: tf.constant(rows, tf.float32) for name, rows in seen.items()}
            tensors = self._traced.prepare(floats)
        encoded: Arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        cache = starting_cache(encoded, self._cache_shapes, _count(seen))
        memory = {name: encoded[name] for name in self._traced.state_names if name not in cache}
        return CachedStep(partial(self._run, output), memory, cache)

    def _run(
        self, output: str, tokens: Ids, memory: Arrays, cache: Arrays
    ) -> tuple[NDArray[np.float32], Arrays]:
        states = {**memory, **cache}
        outputs = self._traced.step(tokens, *(states[name] for name in self._traced.state_names))
        following = {name: outputs[f"{name}.next"].numpy() for name in cache}
        return outputs[output].numpy(), following

    def search(
        self, seen: Pictures, settings: BeamSettings, *, batch: int = 32
    ) -> Iterator[list[Hypothesis]]:
        """Caption every picture, batch by batch, in order."""
        for start in range(0, _count(seen), batch):
            rows = _cut(seen, slice(start, start + batch))
            yield from beam_search(self.start(rows), _count(rows), settings)

    def told(self, pictures: NDArray[np.uint8], *, batch: int = 32) -> Arrays:
        """Give what is told of pictures beside their captions: `tags` and `novelty`, if any is."""
        batches = [
            self._traced.encode(np.asarray(pictures[start : start + batch]))
            for start in range(0, len(pictures), batch)
        ]
        names = ("tags", "novelty") if "tags" in batches[0] else ()
        return {name: np.concatenate([each[name] for each in batches]) for name in names}


def _count(seen: Pictures) -> int:
    """How many pictures are seen; tags may be of more than the grid."""
    if isinstance(seen, np.ndarray):
        return len(seen)
    return max(map(len, seen.values()))


def _cut(seen: Pictures, rows: slice) -> Pictures:
    if isinstance(seen, np.ndarray):
        return np.asarray(seen[rows])
    return {name: np.asarray(each[rows]) for name, each in seen.items()}
