"""Which tensor of a bundle's graph holds which weight of the Keras model, noted in the graph.

A bundle is all that its users have. So that it can be taught further, the exporter notes where
each weight went, found by its values: conversion renames, transposes, reshapes and merges constants
and folds a batch norm into the convolution before it. What a batch norm does in the end is a scale
and a shift of each channel; the scale is missing where it is in the convolution's kernel already.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import keras
import numpy as np
import onnx
from keras import layers
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from training.notes import SCALED, Notes

# A vector as short as this may be used, and so be kept, number by number.
_SHORT = 4
_KERAS_NUMBER = re.compile(r"_\d+(?=/|$)")
# Scales and shifts are computed in single precision on both sides.
_CLOSE = {"rtol": 1e-4, "atol": 1e-6}

type Weights = dict[str, NDArray[np.float32]]
type _Norm = layers.BatchNormalization


@dataclass(frozen=True, slots=True)
class Place:
    """Where a weight is: the tensor holds it with its axes in the order `axes`, in any shape."""

    tensor: str
    axes: tuple[int, ...]

    def read(self, values: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Give the weight, of `shape`, from the tensor's values."""
        stored = values.astype(np.float32).reshape([shape[axis] for axis in self.axes])
        return stored.transpose(np.argsort(self.axes)) if self.axes else stored


class NamedWeights:
    """A model's weights by names that tell them apart, its batch norms by what they do."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        every = list(model._flatten_layers())
        self._norms: dict[str, _Norm] = _numbered(
            each for each in every if isinstance(each, layers.BatchNormalization)
        )
        of_norms = {id(weight) for norm in self._norms.values() for weight in norm.weights}
        self._plain: dict[str, keras.Variable] = _numbered(
            weight
            for weight in model.weights
            if id(weight) not in of_norms and weight.dtype.startswith("float")
        )
        kernels = {id(weight): name for name, weight in self._plain.items()}
        convolutions = (layers.Conv2D, layers.DepthwiseConv2D)
        given = {
            id(each.output): kernels[id(each.kernel)]
            for each in every
            if isinstance(each, convolutions) and not each.use_bias
        }
        self._kernel_before = {id(norm): given.get(id(norm.input)) for norm in self._norms.values()}

    def values(self) -> Weights:
        """Give every weight; a kernel that may have a norm's scale in it also as `… scaled`.

        A short vector is given number by number too.
        """
        found = {name: weight.numpy() for name, weight in self._plain.items()}
        for name, weight in self._plain.items():
            found |= {part: found[name][place] for place, part in enumerate(_parts(name, weight))}
        for name, norm in self._norms.items():
            scale, shift = _effect(norm)
            found |= {f"{name} scale": scale, f"{name} shift": shift}
            if kernel := self._kernel_before[id(norm)]:
                weight = found[kernel]
                # A depthwise kernel is [height, width, channels, 1], others end in channels.
                by_channel = scale[:, None] if weight.shape[-1] == 1 else scale
                found[f"{kernel}{SCALED}"] = weight * by_channel
        return found

    def missing(self, names: set[str]) -> list[str]:
        """Tell which weights cannot be put back from those of `names`."""
        scaled = {kernel for kernel in self._plain if f"{kernel}{SCALED}" in names}
        parted = {
            name
            for name, weight in self._plain.items()
            if (parts := _parts(name, weight)) and names.issuperset(parts)
        }
        lacking = [name for name in self._plain if name not in names | scaled | parted]
        for name, norm in self._norms.items():
            needed = {f"{name} shift"}
            if self._kernel_before[id(norm)] not in scaled:
                needed.add(f"{name} scale")
            lacking += sorted(needed - names)
        return lacking

    def put_back(self, found: Mapping[str, NDArray[np.float32]]) -> None:
        """Give the model these weights; none may be `missing`."""
        for name, weight in self._plain.items():
            if f"{name}{SCALED}" in found:
                weight.assign(found[f"{name}{SCALED}"])
            elif name in found:
                weight.assign(found[name])
            else:
                weight.assign(np.stack([found[part] for part in _parts(name, weight)]))
        for name, norm in self._norms.items():
            in_kernel = f"{self._kernel_before[id(norm)]}{SCALED}" in found
            scale = 1.0 if in_kernel else found[f"{name} scale"]
            _set_effect(norm, scale, found[f"{name} shift"])


def _numbered(every: Iterable[Any]) -> dict[str, Any]:
    """Name layers or weights by their paths, and by numbers where these are the same.

    Keras numbers layers without a name of their own through all models that a process makes: its
    numbers go, as those of a model that is built again are others.
    """
    seen: Counter[str] = Counter()
    named = {}
    for each in every:
        path = _KERAS_NUMBER.sub("", each.path)
        seen[path] += 1
        named[f"{path} {seen[path]}"] = each
    return named


def _parts(name: str, weight: keras.Variable) -> list[str]:
    """Name the numbers of a short vector; other weights have no parts."""
    is_short = len(weight.shape) == 1 and weight.shape[0] <= _SHORT
    return [f"{name} {place}" for place in range(weight.shape[0])] if is_short else []


def _effect(norm: _Norm) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Give what a norm multiplies each channel by at work, and what it adds then."""
    variance = norm.moving_variance.numpy()
    scale = 1 / np.sqrt(variance + np.float32(norm.epsilon))
    if norm.scale:
        scale = scale * norm.gamma.numpy()
    shift = -norm.moving_mean.numpy() * scale
    if norm.center:
        shift = shift + norm.beta.numpy()
    return scale, shift


def _set_effect(norm: _Norm, scale: Any, shift: NDArray[np.float32]) -> None:
    """Make a norm multiply and add this, with a mean of 0 and a deviation of 1 where it can."""
    scale = np.broadcast_to(np.asarray(scale, np.float32), shift.shape)
    deviation = np.ones_like(scale)
    if norm.scale:
        norm.gamma.assign(scale)
    else:
        deviation = 1 / scale
    norm.moving_variance.assign(deviation**2 - np.float32(norm.epsilon))
    if norm.center:
        norm.beta.assign(shift)
    norm.moving_mean.assign(np.zeros_like(shift) if norm.center else -shift / scale)


def note_origins(graph: onnx.ModelProto, weights: Weights) -> set[str]:
    """Write into a graph where it holds which weights; give the names of those it tells.

    A weight whose numbers are all the same is told by its value: conversion drops a bias of zeros.
    """
    tensors: dict[int, list[tuple[str, NDArray[Any]]]] = {}
    for initializer in graph.graph.initializer:
        if initializer.data_type == onnx.TensorProto.FLOAT:
            values = numpy_helper.to_array(initializer).ravel()
            tensors.setdefault(values.size, []).append((initializer.name, values))
    uniform = {
        name: float(weight.flat[0])
        for name, weight in weights.items()
        if weight.min() == weight.max()
    }
    places = {
        name: [(place.tensor, list(place.axes)) for place in _places(weight, tensors)]
        for name, weight in weights.items()
        if name not in uniform
    }
    note = {name: found for name, found in places.items() if found}
    Notes(note, uniform).write(graph)
    return {*note, *uniform}


def _places(
    weight: NDArray[np.float32], tensors: Mapping[int, list[tuple[str, NDArray[Any]]]]
) -> Iterator[Place]:
    for axes in permutations(range(weight.ndim)):
        wanted = weight.transpose(axes).ravel()
        for name, values in tensors.get(weight.size, []):
            # The first few numbers tell nearly all tensors apart.
            if _are_close(values[:8], wanted[:8]) and _are_close(values, wanted):
                yield Place(name, axes)


def _are_close(some: NDArray[Any], others: NDArray[Any]) -> bool:
    return np.allclose(some, others, **_CLOSE)


def read_origins(graph: onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]]) -> Weights:
    """Give the weights that a graph holds, of these shapes, as far as it tells where they are."""
    notes = Notes.of(graph)
    tensors = _Tensors(graph)
    weights: Weights = {}
    for name, shape in shapes.items():
        if name in notes.uniform:
            weights[name] = np.full(shape, notes.uniform[name], np.float32)
        for tensor, axes in notes.places.get(name, []):
            if (values := tensors.values(tensor)) is not None:
                weights[name] = Place(tensor, tuple(axes)).read(values, shape)
                break
    return weights


class _Tensors:
    """A graph's constants by the names that they had before they were stored smaller."""

    def __init__(self, graph: onnx.ModelProto) -> None:
        self._model = graph
        self._initializers = {each.name: each for each in graph.graph.initializer}
        self._maker = {name: node for node in graph.graph.node for name in node.output}

    def values(self, name: str) -> NDArray[Any] | None:
        """Give a constant's values; None where the graph does not hold them any more."""
        if name in self._initializers:
            return numpy_helper.to_array(self._initializers[name])
        if f"{name}_Q8" in self._initializers:
            return self._from_blocks(name)
        if f"{name}_int8" in self._initializers:
            return self._from_channels(name)
        if name in self._maker:
            return self._computed(name)
        return None

    def _computed(self, name: str) -> NDArray[Any] | None:
        """Compute what a graph makes of constants alone, such as a cast from half precision."""
        nodes: list[onnx.NodeProto] = []
        wanted = [name]
        while wanted:
            if (each := wanted.pop()) in self._initializers:
                continue
            if each not in self._maker:
                return None  # an input of the graph
            nodes.insert(0, self._maker[each])
            wanted += self._maker[each].input
        output = onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
        constants = list(self._initializers.values())
        part = onnx.helper.make_graph(nodes, "constant", [], [output], constants)
        model = onnx.helper.make_model(part, opset_imports=self._model.opset_import)
        return np.asarray(ReferenceEvaluator(model).run(None, {})[0])

    def _from_channels(self, name: str) -> NDArray[np.float32]:
        """Undo a DequantizeLinear around 0, with a scale for each place of one axis."""
        stored, scales = (
            numpy_helper.to_array(self._initializers[f"{name}_{part}"])
            for part in ("int8", "scale")
        )
        axis = next(each.i for each in self._maker[name].attribute if each.name == "axis")
        shape = [-1 if place == axis else 1 for place in range(stored.ndim)]
        return stored.astype(np.float32) * scales.reshape(shape)

    def _from_blocks(self, name: str) -> NDArray[np.float32]:
        """Undo MatMulNBits: [columns, blocks, block] in 8 bits around 128 -> [rows, columns]."""
        stored, scales = (
            numpy_helper.to_array(self._initializers[f"{name}_{part}"]) for part in ("Q8", "scales")
        )
        (node,) = (
            each
            for each in self._model.graph.node
            if f"{name}_Q8" in each.input and each.op_type == "MatMulNBits"
        )
        rows = next(each.i for each in node.attribute if each.name == "K")
        columns, blocks, _ = stored.shape
        values = (stored.astype(np.float32) - 128) * scales.reshape(columns, blocks, 1)
        return values.reshape(columns, -1)[:, :rows].T
