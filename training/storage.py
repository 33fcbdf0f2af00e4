"""Stores a graph in less room and fewer operations, so that it computes nearly what it did.

A decoder's weights of matrix products are kept in 8 bits, and a table of words that is the output's
matrix as well is read from there. An encoder may compute in 8 bits altogether. All other weights
are kept in half precision, from which onnxruntime makes single precision once, as it opens the
graph.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from captioner.errors import CaptionerError
from training.eight_bits import in_eight_bits
from training.folding import fold_norms
from training.tidying import tidy

logger = logging.getLogger(__name__)

# Weights that share a scale: the more, the less there is to compute, and the coarser they are.
_BLOCKS = (128, 64, 32)
_EIGHT_BITS = ("MatMulNBits", "QuantizeLinear", "DequantizeLinear")
_ZERO = 128  # what a weight of 0 is in 8 bits
_LEAST_VALUES = 256  # of a constant that is worth storing in less room
_LARGEST_HALF = float(np.finfo(np.float16).max)


class StorageError(CaptionerError):
    """A graph is not of the kind that can be stored in less room."""

    code = "export_failed"
    permanent = True


def store_decoder(source: Path, target: Path) -> None:
    """Write a decoder's graph to `target` in less room.

    Raises `StorageError` where a matrix product would be passed over.
    """
    model = onnx.load(source)
    _keep_listed_rows(model.graph)
    model = _products_in_eight_bits(model, source.name)
    shared = _share_tables(model)
    halved = _halve(model.graph)
    logger.info("%s: %d tables shared, %d constants halved", source.name, shared, halved)
    target.write_bytes(tidy(model).SerializeToString())


def store_encoder(source: Path, target: Path, *, pictures: NDArray[np.uint8] | None = None) -> None:
    """Write an encoder's graph to `target` in less room.

    It computes in 8 bits if it is given training `pictures` [pictures, side, side, 3] to find the
    ranges on, else in single precision.
    """
    model = onnx.load(source)
    _keep_listed_rows(model.graph)
    model = fold_norms(tidy(model))
    if pictures is not None:
        model = in_eight_bits(model, pictures)
    logger.info("%s: %d constants halved", source.name, _halve(model.graph))
    target.write_bytes(model.SerializeToString())


def _keep_listed_rows(graph: onnx.GraphProto) -> None:
    """Of a table that is only read at places listed in the graph, keep the listed rows."""
    constants = _constants(graph)
    maker = {name: node for node in graph.node for name in node.output}
    for node in graph.node:
        choice = maker.get(node.input[1]) if _reads_rows(node, constants) else None
        if choice is not None and _reads_rows(choice, constants):
            table, listed = (
                numpy_helper.to_array(constants[each.input[0]]) for each in (node, choice)
            )
            name = f"{node.input[0]}_listed"
            graph.initializer.append(numpy_helper.from_array(table[listed], name))
            node.input[:] = [name, choice.input[1]]
    _drop_unused(graph)


def _products_in_eight_bits(model: onnx.ModelProto, name: str) -> onnx.ModelProto:
    """Put weights of matrix products in 8 bits, by blocks with a scale each.

    MatMulNBits reads activations row by row (accuracy level 4), so that a row's result does not
    depend on its neighbours; dynamic quantisation scales all rows together.
    """
    constants = _constants(model.graph)
    products = [
        node for node in model.graph.node if node.op_type == "MatMul" and node.input[1] in constants
    ]
    left_over = [node for node in model.graph.node if node.op_type == "Gemm"]
    block = _block([len(numpy_helper.to_array(constants[node.input[1]])) for node in products])
    quantiser = MatMulNBitsQuantizer(
        model, bits=8, block_size=block, is_symmetric=True, accuracy_level=4
    )
    quantiser.process()
    quantised: onnx.ModelProto = quantiser.model.model
    done = sum(node.op_type == "MatMulNBits" for node in quantised.graph.node)
    if left_over or done != len(products):
        raise StorageError(
            f"{name}: {done} of {len(products)} matrix products were quantised, and "
            f"{len(left_over)} are Gemm, which quantisation passes over."
        )
    logger.info("%s: %d matrix products in 8 bits", name, done)
    return quantised


def _block(lengths: Sequence[int]) -> int:
    """Choose the largest block that cuts columns of all these lengths evenly, else the least."""
    return next((each for each in _BLOCKS if not any(n % each for n in lengths)), _BLOCKS[-1])


def _share_tables(model: onnx.ModelProto) -> int:
    """Read a table's rows from the matrix in 8 bits that holds them too; tell of how many."""
    graph, shared = model.graph, 0
    constants = _constants(graph)
    products = [node for node in graph.node if node.op_type == "MatMulNBits"]
    for place, node in enumerate(list(graph.node)):
        if not _reads_rows(node, constants):
            continue
        table = numpy_helper.to_array(constants[node.input[0]])
        tied = next((each for each in products if _holds(each, table, constants)), None)
        if tied is not None:
            graph.node.remove(node)
            for each in reversed(_reading_rows(graph, node, tied, table)):
                graph.node.insert(place + 2 * shared, each)
            shared += 1
    _drop_unused(graph)
    return shared


def _holds(
    product: onnx.NodeProto, table: NDArray[Any], constants: dict[str, onnx.TensorProto]
) -> bool:
    """Whether a product's weights [columns, blocks, block] are the rows of a table, in 8 bits."""
    stored, scales = (numpy_helper.to_array(constants[name]) for name in product.input[1:3])
    if table.ndim != 2 or table.shape != (len(stored), stored[0].size):
        return False
    scales = scales.reshape(len(stored), -1, 1)
    rows = ((stored.astype(np.float32) - _ZERO) * scales).reshape(table.shape)
    return bool(np.allclose(rows, table, atol=float(np.abs(scales).max())))


def _reading_rows(
    graph: onnx.GraphProto, node: onnx.NodeProto, tied: onnx.NodeProto, table: NDArray[Any]
) -> list[onnx.NodeProto]:
    """Give nodes in place of one that read a plain table; the first two are of constants alone."""
    rows, width = table.shape
    stored, scales = tied.input[1:3]
    block = next(each.i for each in tied.attribute if each.name == "block_size")
    nodes = []
    for name, columns in ((stored, width), (scales, width // block)):
        shape = numpy_helper.from_array(np.array([rows, columns]), f"{name}_shape")
        graph.initializer.append(shape)
        nodes.append(helper.make_node("Reshape", [name, shape.name], [f"{name}_rows"]))
    reading = helper.make_node(
        "GatherBlockQuantized",
        [f"{stored}_rows", node.input[1], f"{scales}_rows"],
        node.output,
        name=node.name,
        domain="com.microsoft",
        bits=8,
        block_size=block,
        gather_axis=0,
        quantize_axis=1,
    )
    return [*nodes, reading]


def _halve(graph: onnx.GraphProto) -> int:
    """Keep the other constants in half precision, whole numbers in 8 bits; tell how many."""
    casts = []
    in_eight_bits = {
        name for node in graph.node if node.op_type in _EIGHT_BITS for name in node.input
    }
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        kind = _smaller_kind(values)
        if kind is None or constant.name in in_eight_bits:
            continue
        small = f"{constant.name}_{np.dtype(kind).name}"
        cast = helper.make_node(
            "Cast", [small], [constant.name], name=f"{small}_cast", to=onnx.TensorProto.FLOAT
        )
        casts.append(cast)
        constant.CopyFrom(numpy_helper.from_array(values.astype(kind), small))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    return len(casts)


def _smaller_kind(values: NDArray[Any]) -> type[np.generic] | None:
    """Choose what holds a constant's values well enough, if there is anything."""
    if values.dtype != np.float32 or values.size < _LEAST_VALUES:
        return None
    if values.min() >= 0 and values.max() <= 255 and (values == np.rint(values)).all():
        return np.uint8
    return np.float16 if np.abs(values).max() <= _LARGEST_HALF else None


def _constants(graph: onnx.GraphProto) -> dict[str, onnx.TensorProto]:
    return {each.name: each for each in graph.initializer}


def _reads_rows(node: onnx.NodeProto, constants: dict[str, onnx.TensorProto]) -> bool:
    axis = next((each.i for each in node.attribute if each.name == "axis"), 0)
    return node.op_type == "Gather" and axis == 0 and node.input[0] in constants


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Drop nodes and constants from which no output follows."""
    needed = {each.name for each in graph.output}
    nodes = []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            nodes.append(node)
            needed.update(node.input)
    del graph.node[:]
    graph.node.extend(reversed(nodes))
    for constant in [each for each in graph.initializer if each.name not in needed]:
        graph.initializer.remove(constant)
