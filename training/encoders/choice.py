"""The encoder that a configuration names, and which part of it a stage lets learn."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import keras
from keras import layers

from training.config import RANDOM, ConfigError, Encoder, Stage
from training.encoders import efficientnet_lite, keras_applications
from training.recogniser import Recogniser
from training.words import class_words


def build_encoder(config: Encoder, side: int) -> keras.Model:
    """Build it with its weights: uint8 pictures [batch, side, side, 3] -> grid, float.

    The grid is [batch, patches, channels]; a feature vector is a grid of one patch. Raises
    `ConfigError` for an encoder that is not known, weights that cannot be had or are not its own,
    a layer that it does not have, and sizes that it cannot be built for.
    """
    if config.name in efficientnet_lite.VARIANTS:
        return _build_efficientnet_lite(config, side)
    if keras_applications.is_known(config.name):
        return _build_keras_application(config, side)
    known = ", ".join((*efficientnet_lite.VARIANTS, *keras_applications.names()))
    raise ConfigError(f"encoder.name {config.name!r} is not one of {known}.")


def _build_efficientnet_lite(config: Encoder, side: int) -> keras.Model:
    if config.layer is not None:
        raise ConfigError(f"encoder.layer is of keras.applications: {config.name} has one grid.")
    try:
        return efficientnet_lite.build(config.name, side, weights=_weights_path(config))
    except (ImportError, OSError, LookupError, ValueError, pickle.UnpicklingError) as fault:
        raise ConfigError(
            f"The weights of {config.name} cannot be read, mend encoder.weights: {fault}."
        ) from fault


def _weights_path(config: Encoder) -> Path | None:
    if config.weights == RANDOM:
        return Path()
    return Path(config.weights) if config.weights else None


def _build_keras_application(config: Encoder, side: int) -> keras.Model:
    weights = None if config.weights == RANDOM else config.weights or keras_applications.IMAGENET
    try:
        return keras_applications.build(config.name, side, weights=weights, layer=config.layer)
    except keras_applications.NoSuchLayer as fault:
        raise ConfigError(f"encoder.layer {fault}.") from None
    except Exception as fault:  # Keras raises plain exceptions where a download fails
        reason = " ".join(str(fault).split()).rstrip(".")
        raise ConfigError(
            f"{config.name} cannot be built, mend encoder.weights or data.resize: {reason}."
        ) from fault


def split_encoder(encoder: keras.Model, from_block: int) -> tuple[keras.Model, keras.Model]:
    """Give the encoder before a block and from it on, as two models of the same layers.

    Raises `ConfigError` where it has no such block, or none at all.
    """
    last = efficientnet_lite.last_block(encoder)
    if last is None:
        raise ConfigError(f"tags need an encoder of efficientnet-lite: {encoder.name} is none.")
    if from_block > last:
        raise ConfigError(f"tags.from_block is {from_block}, and the last block is {last}.")
    return efficientnet_lite.split(encoder, from_block)


def build_recogniser(
    config: Encoder, side: int, from_block: int, tags: Sequence[str]
) -> Recogniser:
    """Build a second end of an encoder, which stays as ImageNet taught it, and its words."""
    encoder = build_encoder(config, side)
    _, tail = split_encoder(encoder, from_block)
    kernel, bias = efficientnet_lite.classifier(config.name, _weights_path(config))
    recogniser = Recogniser(tail, len(bias), tags)
    recogniser.kernel.assign(kernel)
    recogniser.bias.assign(bias)
    recogniser.words.assign(class_words(tags))
    return recogniser


def choose_what_learns(encoder: keras.Model, stage: Stage) -> None:
    """Freeze the encoder, or let it learn from where the stage says on; batch norms never do.

    Raises `ConfigError` where the encoder has no such block or layer.
    """
    encoder.trainable = stage.tunes_encoder
    if stage.encoder_from_block is not None:
        _learn_from_block(encoder, stage, stage.encoder_from_block)
    elif stage.encoder_from_layer is not None:
        _learn_from_layer(encoder, stage, stage.encoder_from_layer)


def _learn_from_block(encoder: keras.Model, stage: Stage, block: int) -> None:
    last = efficientnet_lite.last_block(encoder)
    if last is None:
        raise ConfigError(
            f"encoder_from_block of stage {stage.name} counts the blocks of efficientnet-lite: "
            f"for {encoder.name}, name the first layer that learns in encoder_from_layer."
        )
    if block > last:
        raise ConfigError(
            f"encoder_from_block of stage {stage.name} is {block}, and the last block is {last}."
        )
    efficientnet_lite.freeze_below(encoder, block)


def _learn_from_layer(encoder: keras.Model, stage: Stage, first: str) -> None:
    network = keras_applications.network_of(encoder)
    names = [layer.name for layer in network.layers]
    if first not in names:
        raise ConfigError(
            f"encoder_from_layer of stage {stage.name} names {first!r}, and {network.name} has no "
            f"such layer: its last ones are {', '.join(names[-8:])}."
        )
    start = names.index(first)
    for number, layer in enumerate(network.layers):
        layer.trainable = number >= start and not isinstance(layer, layers.BatchNormalization)
