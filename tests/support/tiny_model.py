"""A caption model that is built and trained in seconds: an encoder that sees four colours."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from training import recogniser as recognising
from training.config import Data, Decoder, Encoder, Stage, Tags, TrainingConfig
from training.encoders import efficientnet_lite
from training.recogniser import Recogniser

SIDE, PATCHES, CHANNELS = 8, 4, 6
TAGS = Tags(from_block=1, slots=2, text_min_count=2)

SIZES: dict[str, dict[str, int]] = {
    "transformer": {"width": 12, "heads": 2, "inner_width": 16, "depth": 2},
    "attention-lstm": {"width": 12, "attention_width": 8},
    "merge-lstm": {"width": 12, "word_width": 5},
}


def tiny_encoder(name: str = "tiny", side: int = SIDE, *, weights: Path | None = None) -> Any:
    """Stand in for `efficientnet_lite.build`: mean colours of the quarters, through two layers."""
    pictures = keras.Input((side, side, 3), dtype="uint8")
    x = layers.Rescaling(1 / 128, offset=-127 / 128)(pictures)
    x = layers.AveragePooling2D(side // 2)(x)
    x = layers.Conv2D(CHANNELS, 1, activation="tanh", name="block0_conv")(x)
    x = layers.Conv2D(CHANNELS, 1, activation="relu", name="block1_expand")(x)
    return keras.Model(pictures, layers.Reshape((PATCHES, CHANNELS))(x), name="encoder")


def tiny_classifier(name: str = "tiny", weights: Path | None = None) -> tuple[Any, Any]:
    """Stand in for `efficientnet_lite.classifier`, of all of ImageNet's classes."""
    random = np.random.default_rng(0)
    return random.normal(0, 2, (CHANNELS, 1000)).astype(np.float32), np.zeros(1000, np.float32)


def use_tiny_encoders(patch: pytest.MonkeyPatch) -> None:
    """Let configurations that ask for efficientnet-lite have the tiny encoder."""
    patch.setattr(efficientnet_lite, "build", tiny_encoder)
    patch.setattr(efficientnet_lite, "classifier", tiny_classifier)
    patch.setattr(recognising, "DIRECTIONS", CHANNELS // 2)  # all of them would hold anything


def tiny_recogniser(*tags: str) -> Recogniser:
    """A recogniser of random weights, on what the tiny encoder's last block reads."""
    _, tail = efficientnet_lite.split(tiny_encoder(), TAGS.from_block)
    recogniser = Recogniser(tail, 5, tags)
    randomise(recogniser)
    recogniser.words.assign(np.eye(5, len(tags)))
    basis, _ = np.linalg.qr(recogniser.basis.numpy())
    recogniser.basis.assign(basis)
    recogniser.edge.assign((0.5, 10))
    return recogniser


def tiny_config(
    kind: str = "transformer", *, tags: Tags | None = None, **stage: Any
) -> TrainingConfig:
    """One stage that learns steadily: no dropout, no warm-up, an average over few steps."""
    settings = {
        "epochs": 3,
        "learning_rate": 1e-2,
        "warmup_steps": 0,
        "ema_momentum": 0.9,
        "images_per_step": 8,
        "flips": False,
    }
    return TrainingConfig(
        name="tiny",
        data=Data(resize=(SIDE,), min_count=1, max_words=8, captions_per_image=2),
        encoder=Encoder(name="efficientnet-lite0", weights="random"),
        decoder=Decoder(kind=kind, dropout=0.0, sizes=SIZES[kind]),
        tags=tags,
        stages=(Stage(name="decoder", **settings | stage),),
    )


def randomise(model: keras.Layer, *, scale: float = 0.4, seed: int = 0) -> None:
    """Give a layer weights at which everything matters; fresh ones are close to saying nothing."""
    random = np.random.default_rng(seed)
    for weight in model.weights:
        if "seed_generator" not in weight.path:
            weight.assign(random.normal(0, scale, weight.shape))
