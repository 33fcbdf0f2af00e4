"""Encoder, recogniser and decoder as one Keras model, built from a configuration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from training.config import ConfigError, TrainingConfig
from training.decoders.attention_lstm import AttentionLstmDecoder
from training.decoders.base import CaptionDecoder, Tensor, Tensors
from training.decoders.merge_lstm import MergeLstmDecoder
from training.decoders.transformer import TransformerDecoder
from training.encoders.choice import build_encoder, build_recogniser, split_encoder
from training.recogniser import Recogniser

_DECODERS: dict[str, Callable[..., CaptionDecoder]] = {
    "transformer": TransformerDecoder,
    "attention-lstm": AttentionLstmDecoder,
    "merge-lstm": MergeLstmDecoder,
}


@dataclass(frozen=True, slots=True)
class Halves:
    """Two views of an encoder's own layers: pictures -> features -> grid."""

    trunk: keras.Model
    tail: keras.Model


class CaptionModel(keras.Model):
    """What is seen of pictures, and the words so far -> logits of the next words.

    Pictures may come as they are (`pictures`, uint8), as the `features` of the encoder's frozen
    part, or as its `grid`, both computed before. The last two want what the recogniser tells of the
    pictures (`tags`, `trust`) beside them, if the model has one.
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: CaptionDecoder,
        recogniser: Recogniser | None = None,
        *,
        from_block: int | None = None,
    ) -> None:
        """`from_block` is where features leave the encoder, and where a recogniser takes them."""
        super().__init__(name="captioner")
        self.encoder = encoder
        self.decoder = decoder
        self.recogniser = recogniser
        # In a dataclass Keras does not find them, and so does not save the same layers twice.
        self.halves = None if from_block is None else Halves(*split_encoder(encoder, from_block))

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Give logits [batch, captions, length, vocabulary] under teacher forcing.

        `inputs` hold `tokens` beside what is seen.
        """
        return self.decoder(
            self.see(inputs, training=training), inputs["tokens"], training=training
        )

    def see(self, inputs: Tensors, *, training: bool = False) -> Tensors:
        """Give what the decoder reads: `grid`, and `tags`, `novelty`, `trust` where there are any.

        Tags may be of more pictures than the grid, whose last rows are then empty.
        """
        told = {name: inputs[name] for name in ("tags", "trust") if name in inputs}
        if "grid" in inputs:
            grid = ops.cast(inputs["grid"], "float32")
        elif "features" in inputs:
            features = ops.cast(inputs["features"], "float32")
            grid = self.halves.tail(features, training=training)
        elif "pictures" not in inputs:
            return told
        elif self.recogniser is None:
            grid = self.encoder(inputs["pictures"], training=training)
        else:
            features = self.halves.trunk(inputs["pictures"], training=False)
            grid = self.halves.tail(features, training=training)
            told = self.recogniser(features)
        if "tags" in inputs:
            unseen = ops.shape(inputs["tags"])[0] - ops.shape(grid)[0]
            grid = ops.concatenate([grid, ops.zeros((unseen, *grid.shape[1:]))])
        return {"grid": grid, **told}


def build_model(
    config: TrainingConfig, vocabulary_size: int, tags: Mapping[str, int] | None = None
) -> CaptionModel:
    """Build the model of a configuration, its encoder with its pretrained weights.

    `tags` are the words that the recogniser of a configuration with tags gives, with their ids in
    the vocabulary. Raises `ConfigError` for an encoder that is not known, weights that are not its
    own or sizes that do not fit.
    """
    keras.utils.set_random_seed(config.seed)
    encoder = build_encoder(config.encoder, config.side)
    patches, _ = encoder.output_shape[1:]
    told: dict[str, Any] = {}
    recogniser = None
    if config.tags is not None:
        tags = tags or {}
        recogniser = build_recogniser(config.encoder, config.side, config.tags.from_block, [*tags])
        told = {"tag_ids": [*tags.values()], "slots": config.tags.slots}
    try:
        decoder = _DECODERS[config.decoder.kind](
            vocabulary_size,
            patches=patches,
            max_words=config.data.max_words,
            dropout=config.decoder.dropout,
            **told,
            **config.decoder.sizes,
        )
    except (TypeError, ValueError) as fault:
        raise ConfigError(f"decoder.sizes do not fit {config.decoder.kind}: {fault}.") from None
    from_block = config.tags.from_block if config.tags else None
    model = CaptionModel(encoder, decoder, recogniser, from_block=from_block)
    pictures = ops.zeros((1, *encoder.input_shape[1:]), "uint8")
    model({"pictures": pictures, "tokens": ops.zeros((1, 1, 2), "int32")})  # makes the weights
    return model


class SmoothedCrossEntropy(keras.losses.Loss):
    """Cross entropy a token, against (1 - smoothing) for the truth and the rest spread evenly."""

    def __init__(self, smoothing: float, *, reduction: str = "mean_with_sample_weight") -> None:
        super().__init__(reduction=reduction)
        self._smoothing = smoothing

    def call(self, tokens: Any, logits: Any) -> Any:
        log_probs = ops.log_softmax(logits, axis=-1)
        truth = ops.take_along_axis(log_probs, ops.cast(tokens, "int32")[..., None], axis=-1)[
            ..., 0
        ]
        uniform = ops.mean(log_probs, axis=-1)
        return -(1 - self._smoothing) * truth - self._smoothing * uniform
