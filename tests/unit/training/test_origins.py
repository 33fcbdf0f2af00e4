"""Weights that go into a graph come out of it again, whatever conversion makes of them."""

from typing import Any

import keras
import numpy as np
import onnx
import pytest
import tensorflow as tf
import tf2onnx
from keras import layers, ops
from onnx import TensorProto, helper, numpy_helper

from tests.support.tiny_model import randomise
from training.origins import NamedWeights, Place, note_origins, read_origins

SIDE = 6


class Folding(layers.Layer):
    """What conversion takes apart or turns around: a tied matrix, a short vector."""

    def __init__(self) -> None:
        super().__init__()
        self.tied = self.add_weight((5, 4), name="tied")
        self.ends = self.add_weight((2,), name="ends")
        self.built = True

    def call(self, x: Any) -> Any:
        x = ops.matmul(ops.matmul(x, ops.transpose(self.tied)), self.tied)
        return ops.sigmoid((self.ends[0] - x) * self.ends[1])


def network(*, bias: bool = False) -> keras.Model:
    pictures = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(4, 3, use_bias=bias, name="same")(pictures)
    x = layers.BatchNormalization(name="norm")(x)
    x = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(layers.ReLU(6.0)(x))
    x = layers.BatchNormalization(scale=False, name="other")(x)
    x = layers.BatchNormalization(center=False)(layers.ReLU()(x))
    return keras.Model(pictures, Folding()(ops.mean(x, axis=(1, 2))))


def randomised(seed: int, **options: Any) -> keras.Model:
    model = network(**options)
    randomise(model, seed=seed)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.moving_variance.assign(np.square(layer.moving_variance) + 0.5)
    return model


def converted(model: keras.Model) -> onnx.ModelProto:
    signature = [tf.TensorSpec((None, SIDE, SIDE, 3), name="pictures")]
    function = tf.function(model, input_signature=signature, autograph=False)
    graph, _ = tf2onnx.convert.from_function(function, signature, opset=18)
    return graph


def put_back(graph: onnx.ModelProto, model: keras.Model) -> None:
    named = NamedWeights(model)
    shapes = {name: values.shape for name, values in named.values().items()}
    found = read_origins(graph, shapes)
    assert not named.missing(set(found))
    named.put_back(found)


@pytest.mark.parametrize("bias", [False, True])
def test_what_went_in_comes_out(bias: bool) -> None:
    """Twice, as a model that was restored is converted again."""
    first, *others = (randomised(seed, bias=bias) for seed in range(3))
    pictures = np.random.default_rng(3).random((2, SIDE, SIDE, 3), np.float32)
    expected = first(pictures).numpy()
    source = first
    for model in others:
        assert not np.allclose(model(pictures), expected, atol=1e-3)
        graph = converted(source)
        noted = note_origins(graph, NamedWeights(source).values())
        assert not NamedWeights(source).missing(noted)
        put_back(graph, model)
        assert model(pictures).numpy() == pytest.approx(expected, abs=1e-5)
        source = model


def constants(*nodes: onnx.NodeProto, **arrays: np.ndarray) -> onnx.ModelProto:
    initializers = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    output = helper.make_tensor_value_info("out", TensorProto.FLOAT, None)
    graph = helper.make_graph(list(nodes), "g", [], [output], initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])


def test_weights_that_are_stored_in_half_precision_since() -> None:
    weight = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
    graph = constants(kernel=weight.T.copy())
    assert note_origins(graph, {"w": weight, "elsewhere": np.arange(7, dtype=np.float32)}) == {"w"}
    cast = helper.make_node("Cast", ["half"], ["kernel"], to=TensorProto.FLOAT)
    smaller = constants(cast, half=weight.T.astype(np.float16))
    smaller.metadata_props.extend(graph.metadata_props)
    (found,) = read_origins(smaller, {"w": (3, 4)}).values()
    assert found == pytest.approx(weight, abs=1e-3)


def test_weights_that_are_gone_are_missing() -> None:
    weight = np.linspace(-1, 1, 12, dtype=np.float32)
    graph = constants(kernel=weight)
    note_origins(graph, {"w": weight})
    del graph.graph.initializer[:]
    assert read_origins(graph, {"w": (12,)}) == {}


def test_weights_that_conversion_drops_because_they_do_nothing() -> None:
    weights = {"bias": np.zeros(3, np.float32), "one": np.ones((), np.float32)}
    graph = constants(unrelated=np.arange(3, dtype=np.float32))
    assert note_origins(graph, weights) == {"bias", "one"}
    found = read_origins(graph, {"bias": (3,), "one": ()})
    assert found.keys() == weights.keys()
    assert all(np.array_equal(found[name], weights[name]) for name in weights)


def test_axes_are_put_back_in_order() -> None:
    weight = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    stored = weight.transpose(2, 0, 1).reshape(4, 6)
    assert np.array_equal(Place("t", (2, 0, 1)).read(stored, (2, 3, 4)), weight)
