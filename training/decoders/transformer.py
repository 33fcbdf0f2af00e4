"""A small transformer decoder (Vaswani et al. 2017) with pre-norm and a key/value cache.

One encoder layer lets the patches look at each other; the decoder's layers attend to the words so
far and to the patches. The keys and values of the patches are projected once a picture.

With tags, the likeliest things in the picture join the patches as words. The decoder then learns to
write from tags alone too, so that text without pictures can teach it, and a picture unlike those
that it learnt from (a low `trust`) is told by what is recognised in it rather than by its patches.
"""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import keras
from keras import layers, ops

from training.decoders.base import CaptionDecoder, Product, Projection, Tensor, Tensors
from training.tags import LEAST_CHANCE

_MASKED = -1e9  # added to the attention scores of what must not be seen


class _Attention(layers.Layer):
    """Multi-head attention in two parts, so that keys and values can be kept between steps."""

    def __init__(self, width: int, heads: int, dropout: float, **named: Any) -> None:
        super().__init__(**named)
        self._heads, self._head_width = heads, width // heads
        self._query = Projection(width, name="query")
        self._key_value = Projection(2 * width, name="key_value")
        self._output = Projection(width, name="output")
        self._dropout = layers.Dropout(dropout)
        self.built = True  # used through its two parts, never called as a whole

    def keys_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Project [rows, length, width] to keys and values [rows, heads, length, head width]."""
        keys, values = ops.split(self._key_value(x), 2, axis=-1)
        return self._split_heads(keys), self._split_heads(values)

    def attend(
        self,
        x: Tensor,
        keys: Tensor,
        values: Tensor,
        *,
        mask: Tensor | None = None,
        training: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Attend from x [rows, length, width]; give the output and the weights, by head."""
        queries = self._split_heads(self._query(x)) * (1 / sqrt(self._head_width))
        scores = ops.matmul(queries, ops.transpose(keys, (0, 1, 3, 2)))
        if mask is not None:
            scores = scores + mask
        weights = ops.softmax(scores, axis=-1)
        mixed = ops.matmul(self._dropout(weights, training=training), values)
        mixed = ops.transpose(mixed, (0, 2, 1, 3))
        length = ops.shape(x)[1]
        mixed = ops.reshape(mixed, (-1, length, self._heads * self._head_width))
        return self._output(mixed), weights

    def _split_heads(self, x: Tensor) -> Tensor:
        shape = (-1, ops.shape(x)[1], self._heads, self._head_width)
        return ops.transpose(ops.reshape(x, shape), (0, 2, 1, 3))


class _FeedForward(layers.Layer):
    def __init__(self, width: int, inner_width: int, dropout: float, **named: Any) -> None:
        super().__init__(**named)
        self._in = Projection(inner_width, activation="relu", name="in")
        self._out = Projection(width, name="out")
        self._dropout = layers.Dropout(dropout)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self._out(self._dropout(self._in(x), training=training))


class _PatchLayer(layers.Layer):
    """An encoder layer: every patch (and tag) looks at every other."""

    def __init__(
        self, width: int, heads: int, inner_width: int, dropout: float, **named: Any
    ) -> None:
        super().__init__(**named)
        self._attention = _Attention(width, heads, dropout, name="attention")
        self._feed_forward = _FeedForward(width, inner_width, dropout, name="feed_forward")
        self._norms = [_norm("attention_norm"), _norm("feed_forward_norm")]
        self._dropout = layers.Dropout(dropout)

    def call(self, x: Tensor, bias: Tensor | None = None, training: bool = False) -> Tensor:
        normed = self._norms[0](x)
        keys, values = self._attention.keys_values(normed)
        change, _ = self._attention.attend(normed, keys, values, mask=bias, training=training)
        x = x + self._dropout(change, training=training)
        change = self._feed_forward(self._norms[1](x), training=training)
        return x + self._dropout(change, training=training)


class _WordLayer(layers.Layer):
    """A decoder layer: words so far, then patches, then a feed-forward network."""

    def __init__(
        self, width: int, heads: int, inner_width: int, dropout: float, **named: Any
    ) -> None:
        super().__init__(**named)
        self.words = _Attention(width, heads, dropout, name="words")
        self.patches = _Attention(width, heads, dropout, name="patches")
        self._feed_forward = _FeedForward(width, inner_width, dropout, name="feed_forward")
        self._norms = [_norm(f"{part}_norm") for part in ("words", "patches", "feed_forward")]
        self._dropout = layers.Dropout(dropout)
        self.built = True  # used through `normed` and `apply`

    def normed(self, x: Tensor) -> Tensor:
        """Give the input of the words' attention, from which its keys and values come too."""
        return self._norms[0](x)

    def apply(
        self,
        x: Tensor,
        words: tuple[Tensor, Tensor],
        patches: tuple[Tensor, Tensor],
        *,
        captions: int | Tensor,
        mask: Tensor | None,
        bias: Tensor | None,
        training: bool,
    ) -> tuple[Tensor, Tensor]:
        """Apply the layer to x [rows, length, width]; give it and the patches' weights.

        `patches` have one row for each `captions` rows of x: the captions of one picture share
        its keys and values, and their words are lined up as one long query. `mask` is added to the
        words' attention scores, `bias` to the patches'.
        """
        change, _ = self.words.attend(self.normed(x), *words, mask=mask, training=training)
        x = x + self._dropout(change, training=training)
        length, width = ops.shape(x)[1], x.shape[-1]
        queries = ops.reshape(self._norms[1](x), (-1, captions * length, width))
        change, weights = self.patches.attend(queries, *patches, mask=bias, training=training)
        x = x + self._dropout(ops.reshape(change, (-1, length, width)), training=training)
        change = self._feed_forward(self._norms[2](x), training=training)
        return x + self._dropout(change, training=training), weights


def _norm(name: str) -> layers.LayerNormalization:
    return layers.LayerNormalization(epsilon=1e-5, name=name)


class TransformerDecoder(CaptionDecoder):
    """Patches through one encoder layer, words through `depth` decoder layers; tied embeddings."""

    takes_any_length = True

    def __init__(
        self,
        vocabulary_size: int,
        *,
        patches: int,
        max_words: int,
        tag_ids: Sequence[int] = (),
        width: int = 384,
        heads: int = 6,
        inner_width: int = 768,
        depth: int = 3,
        slots: int = 8,
        dropout: float = 0.3,
    ) -> None:
        """Take the ids of the tags' words in the vocabulary; none for a decoder without tags.

        `slots` is how many tags it reads. Raises `ValueError` where the heads cannot share the
        width evenly.
        """
        if width % heads:
            raise ValueError(f"width {width} is not a multiple of heads {heads}")
        super().__init__(name="decoder")
        self.vocabulary_size = vocabulary_size
        self._width, self._heads = width, heads
        self._patches = patches
        self._project = Projection(width, name="project")
        self._patch_layer = _PatchLayer(width, heads, inner_width, dropout, name="patch_layer")
        self._patch_norm = _norm("patch_norm")
        self._word_layers = [
            _WordLayer(width, heads, inner_width, dropout, name=f"word_layer{number}")
            for number in range(depth)
        ]
        self._product = Product(name="product")
        self._final_norm = _norm("final_norm")
        self._dropout = layers.Dropout(dropout)
        scale = keras.initializers.RandomNormal(stddev=0.02)
        self._words = self.add_weight((vocabulary_size, width), scale, name="words")
        self._bias = self.add_weight((vocabulary_size,), "zeros", name="bias")
        self._positions = self.add_weight((max_words + 1, width), scale, name="positions")
        self._places = self.add_weight((patches, width), scale, name="places")
        self._tag_ids = tuple(tag_ids)
        if tag_ids:
            self._slots = min(slots, len(tag_ids))
            self._tag_word = Projection(width, name="tag_word")
            self._tag_chance = Projection(width, activation="tanh", name="tag_chance")
            self._nothing = self.add_weight((1, 1, width), scale, name="nothing")
        self.built = True

    @property
    def cache_shapes(self) -> dict[str, tuple[int, ...]]:
        shape = (self._heads, 0, self._width // self._heads)
        return dict.fromkeys(self._cache_names, shape)

    @property
    def growing_axes(self) -> dict[str, int]:
        return dict.fromkeys(self._cache_names, 1)

    @property
    def _cache_names(self) -> list[str]:
        numbers = range(len(self._word_layers))
        return [f"cache.{part}{number}" for number in numbers for part in ("keys", "values")]

    def memory(self, seen: Tensors, *, training: bool = False) -> Tensors:
        parts, biases = [], []
        if "grid" in seen:
            grid = self._dropout(seen["grid"], training=training)
            parts.append(self._project(grid) + self._places)
        if self._tag_ids:
            if "grid" in seen:
                doubt = ops.log(ops.maximum(seen["trust"], 1e-9))
                biases.append(ops.repeat(doubt[:, None], self._patches, axis=1))
            tags, absent = self._read_tags(seen["tags"], training=training)
            nothing = ops.zeros_like(tags[:, :1]) + self._nothing
            parts += [tags, nothing]
            biases += [absent, ops.zeros_like(absent[:, :1])]
        bias = ops.concatenate(biases, axis=1)[:, None, None] if biases else None
        x = ops.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
        x = self._patch_norm(self._patch_layer(x, bias, training=training))
        memory: Tensors = {} if bias is None else {"memory.bias": bias}
        for number, layer in enumerate(self._word_layers):
            keys, values = layer.patches.keys_values(x)
            memory |= {f"memory.keys{number}": keys, f"memory.values{number}": values}
        return memory

    def _read_tags(self, tags: Tensor, *, training: bool) -> tuple[Tensor, Tensor]:
        """Give the likeliest tags [batch, slots, width], and what hides unlikely ones' slots."""
        chances, places = ops.top_k(tags, self._slots)
        ids = ops.take(ops.convert_to_tensor(self._tag_ids, "int32"), places, axis=0)
        words = ops.take(self._words, ids, axis=0) * sqrt(self._width)
        read = self._tag_word(words) + self._tag_chance(chances[..., None])
        absent = ops.where(chances < LEAST_CHANCE, _MASKED, 0.0)
        return self._dropout(read, training=training), absent

    def logits(self, memory: Tensors, tokens: Tensor, *, training: bool = False) -> Tensor:
        captions, length = tokens.shape[1], ops.shape(tokens)[2]
        x = self._embed(ops.reshape(tokens, (-1, length)), self._positions[:length])
        x = self._dropout(x, training=training)
        order = ops.arange(length)
        mask = ops.where(order[:, None] < order[None], _MASKED, 0.0)
        for number, layer in enumerate(self._word_layers):
            x, _ = layer.apply(
                x,
                layer.words.keys_values(layer.normed(x)),
                (memory[f"memory.keys{number}"], memory[f"memory.values{number}"]),
                captions=captions,
                mask=mask,
                bias=memory.get("memory.bias"),
                training=training,
            )
        return ops.reshape(
            self._classify(x, training=training), (-1, captions, length, self.vocabulary_size)
        )

    def step(
        self, tokens: Tensor, memory: Tensors, cache: Tensors
    ) -> tuple[Tensor, Tensor, Tensors]:
        position = ops.shape(cache["cache.keys0"])[2]
        x = self._embed(tokens[:, None], self._positions[position])
        following: Tensors = {}
        attention = 0.0
        for number, layer in enumerate(self._word_layers):
            new = layer.words.keys_values(layer.normed(x))
            words = tuple(
                ops.concatenate([cache[f"cache.{part}{number}"], latest], axis=2)
                for part, latest in zip(("keys", "values"), new, strict=True)
            )
            following |= {f"cache.keys{number}": words[0], f"cache.values{number}": words[1]}
            x, weights = layer.apply(
                x,
                words,
                (memory[f"memory.keys{number}"], memory[f"memory.values{number}"]),
                captions=1,
                mask=None,
                bias=memory.get("memory.bias"),
                training=False,
            )
            attention = attention + ops.mean(weights[:, :, 0, : self._patches], axis=1)
        return self._classify(x)[:, 0], attention / len(self._word_layers), following

    def _embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        return ops.take(self._words, tokens, axis=0) * sqrt(self._width) + positions

    def _classify(self, x: Tensor, *, training: bool = False) -> Tensor:
        x = self._dropout(self._final_norm(x), training=training)
        return self._product(x, ops.transpose(self._words)) + self._bias
