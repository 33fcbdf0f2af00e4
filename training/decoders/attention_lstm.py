"""An LSTM with soft attention over the patches (Xu et al. 2015, "Show, Attend and Tell")."""

import keras
from keras import layers, ops

from training.decoders.base import CaptionDecoder, Product, Projection, Tensor, Tensors


class AttentionLstmDecoder(CaptionDecoder):
    """One LSTM cell that reads the last word and the patches it looks at.

    The state before it says where to look (additive attention); a gate says how much what is seen
    matters; the state starts from the mean patch.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        patches: int,
        max_words: int,
        width: int = 512,
        attention_width: int = 384,
        dropout: float = 0.3,
    ) -> None:
        """Take any number of `patches` and words: neither is part of its shape."""
        super().__init__(name="decoder")
        self.vocabulary_size = vocabulary_size
        self._width = width
        self._project = Projection(width, activation="relu", name="project")
        self._start = Projection(2 * width, activation="tanh", name="start")
        self._look_keys = Projection(attention_width, name="look_keys")
        self._look_query = Projection(attention_width, name="look_query")
        self._look_score = layers.Dense(1, use_bias=False, name="look_score")
        self._gate = Projection(width, activation="sigmoid", name="gate")
        self._product = Product(name="product")
        self._lstm = layers.LSTMCell(width, name="lstm")
        self._combine = Projection(width, name="combine")
        self._dropout = layers.Dropout(dropout)
        scale = keras.initializers.RandomNormal(stddev=0.02)
        self._words = self.add_weight((vocabulary_size, width), scale, name="words")
        self._bias = self.add_weight((vocabulary_size,), "zeros", name="bias")
        self.built = True

    @property
    def cache_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"cache.h": (self._width,), "cache.c": (self._width,)}

    @property
    def growing_axes(self) -> dict[str, int]:
        return {}

    def memory(self, seen: Tensors, *, training: bool = False) -> Tensors:
        values = self._project(self._dropout(seen["grid"], training=training))
        h, c = ops.split(self._start(ops.mean(values, axis=1)), 2, axis=-1)
        return {
            "memory.keys": self._look_keys(values),
            "memory.values": values,
            "cache.h": h,
            "cache.c": c,
        }

    def logits(self, memory: Tensors, tokens: Tensor, *, training: bool = False) -> Tensor:
        captions, length = tokens.shape[1:]
        rows = {name: ops.repeat(tensor, captions, axis=0) for name, tensor in memory.items()}
        state = (rows["cache.h"], rows["cache.c"])
        words = self._embed(ops.reshape(tokens, (-1, length)))
        words = self._dropout(words, training=training)
        outputs = []
        for position in range(length):
            output, _, state = self._advance(words[:, position], rows, state)
            outputs.append(output)
        logits = self._classify(ops.stack(outputs, axis=1), training=training)
        return ops.reshape(logits, (-1, captions, length, self.vocabulary_size))

    def step(
        self, tokens: Tensor, memory: Tensors, cache: Tensors
    ) -> tuple[Tensor, Tensor, Tensors]:
        state = (cache["cache.h"], cache["cache.c"])
        output, attention, (h, c) = self._advance(self._embed(tokens), memory, state)
        return self._classify(output), attention, {"cache.h": h, "cache.c": c}

    def _advance(
        self, words: Tensor, memory: Tensors, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor]]:
        """Read words [rows, width]; give the output [rows, width], attention and next state."""
        query = self._look_query(state[0])[:, None]
        scores = self._look_score(ops.tanh(memory["memory.keys"] + query))[:, :, 0]
        attention = ops.softmax(scores, axis=-1)
        seen = ops.sum(attention[:, :, None] * memory["memory.values"], axis=1)
        seen = seen * self._gate(state[0])
        h, (_, c) = self._lstm(ops.concatenate([words, seen], axis=-1), list(state))
        combined = self._combine(ops.concatenate([h, seen], axis=-1)) + words
        return ops.tanh(combined), attention, (h, c)

    def _embed(self, tokens: Tensor) -> Tensor:
        return ops.take(self._words, tokens, axis=0) * self._width**0.5

    def _classify(self, x: Tensor, *, training: bool = False) -> Tensor:
        x = self._dropout(x, training=training)
        return self._product(x, ops.transpose(self._words)) + self._bias
