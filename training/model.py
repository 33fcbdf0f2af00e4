"""Encoder and decoder as one Keras model, built from a configuration."""

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from training.config import ConfigError, TrainingConfig
from training.decoders.attention_lstm import AttentionLstmDecoder
from training.decoders.base import CaptionDecoder, Tensor, Tensors
from training.decoders.merge_lstm import MergeLstmDecoder
from training.decoders.transformer import TransformerDecoder
from training.encoders.choice import build_encoder

_DECODERS: dict[str, Callable[..., CaptionDecoder]] = {
    "transformer": TransformerDecoder,
    "attention-lstm": AttentionLstmDecoder,
    "merge-lstm": MergeLstmDecoder,
}


class CaptionModel(keras.Model):
    """Pictures (or grids computed before) and the words so far -> logits of the next words."""

    def __init__(self, encoder: keras.Model, decoder: CaptionDecoder) -> None:
        super().__init__(name="captioner")
        self.encoder = encoder
        self.decoder = decoder

    def call(self, inputs: Tensors, training: bool = False) -> Tensor:
        """Give logits [batch, captions, length, vocabulary] under teacher forcing.

        `inputs` hold `tokens` and either `pictures` or `grid`.
        """
        if "grid" in inputs:
            grid = ops.cast(inputs["grid"], "float32")
        else:
            grid = self.encoder(inputs["pictures"], training=training)
        return self.decoder(grid, inputs["tokens"], training=training)


def build_model(config: TrainingConfig, vocabulary_size: int) -> CaptionModel:
    """Build the model of a configuration, its encoder with its pretrained weights.

    Raises `ConfigError` for an encoder that is not known, weights that are not its own or sizes
    that do not fit.
    """
    keras.utils.set_random_seed(config.seed)
    encoder = build_encoder(config.encoder, config.side)
    patches, _ = encoder.output_shape[1:]
    try:
        decoder = _DECODERS[config.decoder.kind](
            vocabulary_size,
            patches=patches,
            max_words=config.data.max_words,
            dropout=config.decoder.dropout,
            **config.decoder.sizes,
        )
    except (TypeError, ValueError) as fault:
        raise ConfigError(f"decoder.sizes do not fit {config.decoder.kind}: {fault}.") from None
    model = CaptionModel(encoder, decoder)
    shape = (1, *encoder.output_shape[1:])
    model({"grid": ops.zeros(shape), "tokens": ops.zeros((1, 1, 2), "int32")})  # makes the weights
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
