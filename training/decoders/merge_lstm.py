"""An LSTM that reads the words alone; the picture joins after it (Tanti et al. 2017, "merge")."""

from keras import layers, ops

from training.decoders.base import CaptionDecoder, Projection, Tensor, Tensors


class MergeLstmDecoder(CaptionDecoder):
    """The words so far through one LSTM, the picture's features through one layer, added.

    The picture is one feature vector: the mean of its patches, or the only one. There is nothing
    to look at, so that a step gives no attention.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        patches: int,
        max_words: int,
        width: int = 256,
        word_width: int = 200,
        dropout: float = 0.5,
    ) -> None:
        """Take any number of `patches` and words: neither is part of its shape."""
        super().__init__(name="decoder")
        self.vocabulary_size = vocabulary_size
        self._width = width
        self._image = Projection(width, activation="relu", name="image")
        self.words = layers.Embedding(vocabulary_size, word_width, name="words")
        self._lstm = layers.LSTMCell(width, name="lstm")
        self._hidden = Projection(width, activation="relu", name="hidden")
        self._classify = Projection(vocabulary_size, name="classify")
        self._dropout = layers.Dropout(dropout)
        self.built = True

    @property
    def cache_shapes(self) -> dict[str, tuple[int, ...]]:
        return {"cache.h": (self._width,), "cache.c": (self._width,)}

    @property
    def growing_axes(self) -> dict[str, int]:
        return {}

    def memory(self, seen: Tensors, *, training: bool = False) -> Tensors:
        features = self._dropout(ops.mean(seen["grid"], axis=1), training=training)
        return {"memory.image": self._image(features)}

    def logits(self, memory: Tensors, tokens: Tensor, *, training: bool = False) -> Tensor:
        captions, length = tokens.shape[1:]
        words = self.words(ops.reshape(tokens, (-1, length)))
        words = self._dropout(words, training=training)
        h = c = ops.zeros((ops.shape(words)[0], self._width))
        outputs = []
        for position in range(length):
            _, (h, c) = self._lstm(words[:, position], [h, c])
            outputs.append(h)
        image = ops.repeat(memory["memory.image"], captions, axis=0)
        logits = self._classify(self._hidden(ops.stack(outputs, axis=1) + image[:, None]))
        return ops.reshape(logits, (-1, captions, length, self.vocabulary_size))

    def step(self, tokens: Tensor, memory: Tensors, cache: Tensors) -> tuple[Tensor, None, Tensors]:
        h, (_, c) = self._lstm(self.words(tokens), [cache["cache.h"], cache["cache.c"]])
        logits = self._classify(self._hidden(h + memory["memory.image"]))
        return logits, None, {"cache.h": h, "cache.c": c}
