"""Which parts of a model compute in half precision while it learns.

The encoder does, and the decoder's projections, which are nearly all of the work. Weights,
attention, the states of an LSTM, sums of layers, softmax and the loss are of single precision.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from training.config import Precision
from training.decoders.base import Product, Projection
from training.model import CaptionModel


@contextmanager
def computing_in(precision: Precision, *models: CaptionModel) -> Iterator[None]:
    """Let what is traced of these models meanwhile compute in a precision."""
    layers = [layer for model in models for layer in _halvable(model)]
    before = [layer.dtype_policy for layer in layers]
    try:
        for layer in layers:
            layer.dtype_policy = keras.DTypePolicy(precision)
        yield
    finally:
        for layer, policy in zip(layers, before, strict=True):
            layer.dtype_policy = policy


def _halvable(model: CaptionModel) -> list[keras.layers.Layer]:
    encoder = model.encoder._flatten_layers(include_self=False)
    own = model.decoder._flatten_layers()
    return [
        *(layer for layer in encoder if not isinstance(layer, keras.Model)),
        *(layer for layer in own if isinstance(layer, Product | Projection)),
    ]
