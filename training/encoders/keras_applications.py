"""The networks of keras.applications, each by the name of its function.

Each wants its pixels in its own way; that is done inside the graph, as everywhere. ConvNeXt is left
out: tf2onnx can write neither its grouped convolutions nor its exact GELU.
"""

import sys
from collections.abc import Callable
from typing import Any

import keras
from keras import applications, layers, ops

IMAGENET = "imagenet"  # Keras's own word for the weights that it downloads


class NoSuchLayer(Exception):
    """The network has no layer of that name."""


def names() -> list[str]:
    """Give the networks' names in lower case, without hyphens and underscores."""
    return sorted(_functions())


def is_known(name: str) -> bool:
    return _plain(name) in _functions()


def build(name: str, side: int, *, weights: str | None, layer: str | None = None) -> keras.Model:
    """Build the encoder: uint8 pictures [batch, side, side, 3] -> grid [batch, patches, channels].

    `name` may be spelt with hyphens or underscores, as in `inception_v3`. `weights` is `IMAGENET`,
    a file of Keras's, or None for random ones. `layer` is the layer whose output is taken, a
    feature vector as a grid of one patch; by default the last layer before the classifier. The
    classifier's layers are built only where one is asked for: most want the network's own side.

    Raises `NoSuchLayer`; else what Keras raises, plain exceptions among it.
    """
    function = _functions()[_plain(name)]
    shape = (side, side, 3)
    with_classifier = layer is not None and not _has(
        function(include_top=False, weights=None, input_shape=shape), layer
    )
    network = function(include_top=with_classifier, weights=weights, input_shape=shape)
    if layer is not None:
        network = _up_to(network, layer)
    pictures = keras.Input(shape, dtype="uint8", name="pictures")
    preprocess = sys.modules[function.__module__].preprocess_input
    features = network(preprocess(ops.cast(pictures, "float32")))
    grid = layers.Reshape(_grid_shape(features.shape), name="grid")(features)
    return keras.Model(pictures, grid, name=_plain(name))


def network_of(encoder: keras.Model) -> keras.Model:
    """Give the network inside an encoder of `build`; another encoder is its own."""
    inner = (layer for layer in encoder.layers if isinstance(layer, keras.Model))
    return next(inner, encoder)


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _functions() -> dict[str, Callable[..., keras.Model]]:
    return {
        name.lower(): getattr(applications, name)
        for name in dir(applications)
        if name[0].isupper() and not name.startswith("ConvNeXt")
    }


def _has(network: keras.Model, layer: str) -> bool:
    return any(each.name == layer for each in network.layers)


def _up_to(network: keras.Model, layer: str) -> keras.Model:
    if not _has(network, layer):
        last = ", ".join(each.name for each in network.layers[-8:])
        raise NoSuchLayer(f"{layer!r} is no layer of {network.name}: its last ones are {last}")
    return keras.Model(network.inputs, network.get_layer(layer).output, name=network.name)


def _grid_shape(shape: tuple[Any, ...]) -> tuple[int, int]:
    """Give [patches, channels] of [batch, rows, columns, channels] or [batch, channels]."""
    return (1, shape[1]) if len(shape) == 2 else (-1, shape[-1])
