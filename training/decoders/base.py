"""What every decoder gives: teacher forcing for training, one step for the bundle."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

Tensor = Any  # a backend tensor: keras.ops works on those of TensorFlow, JAX and PyTorch alike
Tensors = dict[str, Tensor]


class Projection(keras.layers.Dense):
    """A dense layer that may compute in half precision, and gives single precision always."""

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return ops.cast(super().call(x, training=training), "float32")


class Product(keras.layers.Layer):
    """A product with a matrix that is not the layer's own; computes as `Projection` does."""

    def call(self, x: Tensor, matrix: Tensor) -> Tensor:
        return ops.cast(ops.matmul(x, matrix), "float32")


class CaptionDecoder(keras.layers.Layer):
    """Turns what is seen of a picture into captions, word by word.

    What is seen is a dict: `grid` [batch, patches, channels] of the encoder, and where the model
    has a recogniser `tags` [batch, tags], the chance of each, and `trust` [batch] in the grid, 0
    to 1. A decoder reads of it what it can use.

    What depends on the picture alone is computed once, by `memory`, and named as in the bundle:
    `memory.*` is read at every step; a `cache.*` is where the step's own state begins. States that
    `memory` does not give begin as zeros of `cache_shapes`.
    """

    vocabulary_size: int
    takes_any_length = False
    """Whether `logits` takes tokens whose length is not known when it is traced."""

    def set_dropout(self, rate: float) -> None:
        """Drop this share of activations in training from now on."""
        for layer in self._flatten_layers():
            if isinstance(layer, keras.layers.Dropout):
                layer.rate = rate

    @property
    @abstractmethod
    def cache_shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Shape of each `cache.*` for one row at the first step; a growing axis starts at 0."""

    @property
    @abstractmethod
    def growing_axes(self) -> Mapping[str, int]:
        """The axis of each growing `cache.*`, the row axis not counted; empty where none grows."""

    def call(self, seen: Tensors, tokens: Tensor, training: bool = False) -> Tensor:
        """Give the logits of `tokens` for what is seen; see `memory` and `logits`."""
        return self.logits(self.memory(seen, training=training), tokens, training=training)

    @abstractmethod
    def memory(self, seen: Tensors, *, training: bool = False) -> Tensors:
        """Prepare what is seen of pictures: tensors, batch first."""

    @abstractmethod
    def logits(self, memory: Tensors, tokens: Tensor, *, training: bool = False) -> Tensor:
        """Give the logits of every next word under teacher forcing.

        `tokens` int [batch, captions, length] -> [batch, captions, length, vocabulary].
        """

    @abstractmethod
    def step(
        self, tokens: Tensor, memory: Tensors, cache: Tensors
    ) -> tuple[Tensor, Tensor | None, Tensors]:
        """Read one token a row: int [rows] -> logits [rows, vocabulary], attention, next cache.

        `attention` [rows, patches] is where the step looked; its rows sum to one, or to less where
        it looked at tags too. None where a decoder sees the picture as a whole.
        """
