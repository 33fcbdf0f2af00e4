"""Undoes how a graph's weights were stored: 8 bits and half precision -> single precision.

What a graph computes stays the same but for what rounding between its operations did. So a bundle
can be stored anew by whoever has nothing else.
"""

from typing import Any

import numpy as np
import onnx
import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.passes.common import RemoveUnusedNodesPass

from training.graphs import add_constant, constant, graph_of, input_of, put

_ZERO = 128  # what a weight of 0 is in 8 bits
_BIAS = 5


def unpack(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Give the graph with all its weights in single precision, by the names that they had."""
    model = ir.serde.deserialize_model(proto)
    for node in list(model.graph):
        if (change := _CHANGES.get(node.op_type)) is not None:
            change(node)
    RemoveUnusedNodesPass()(model)
    model.graph.sort()
    return ir.serde.serialize_model(model)


def _cast(node: ir.Node) -> None:
    values = constant(node.outputs[0])
    if values is not None:
        _be_constant(node, values)


def _dequantised(node: ir.Node) -> None:
    """Fold weights; take what is rounded between operations as it was before."""
    value = node.inputs[0]
    if (before := input_of(value, "QuantizeLinear")) is not None:
        ir.convenience.replace_all_uses_with(node.outputs[0], before)
    elif (whole := constant(value)) is not None:
        scales, zeros = (np.asarray(constant(each), np.float32) for each in node.inputs[1:3])
        shape = [1] * whole.ndim
        shape[node.attributes["axis"].as_int()] = -1
        _be_constant(node, (whole - zeros.reshape(shape)) * scales.reshape(shape))


def _product(node: ir.Node) -> None:
    stored, scales = (_known(each) for each in node.inputs[1:3])
    columns, rows = len(stored), node.attributes["K"].as_int()
    weights = _rows(stored.reshape(columns, -1), scales.reshape(columns, -1))[:, :rows].T
    name = str(node.inputs[1] and node.inputs[1].name).removesuffix("_Q8")
    graph = graph_of(node)
    product = ir.node("MatMul", [node.inputs[0], add_constant(graph, name, weights)])
    product.name = str(node.name).removesuffix("_Q8")
    bias = node.inputs[_BIAS] if len(node.inputs) > _BIAS else None
    if bias is None:
        put(node, product)
    else:
        put(node, ir.node("Add", [product.outputs[0], bias]), product)


def _reading(node: ir.Node) -> None:
    stored, places, scales = node.inputs[:3]
    table = _rows(_known(input_of(stored, "Reshape")), _known(input_of(scales, "Reshape")))
    rows = add_constant(graph_of(node), f"{stored and stored.name}_plain", table)
    put(node, ir.node("Gather", [rows, places], {"axis": 0}, name=node.name))


def _rows(stored: NDArray[np.uint8], scales: NDArray[Any]) -> NDArray[np.float32]:
    """Give the rows of what is stored by rows, each in blocks with a scale."""
    stored = stored.reshape(len(scales), -1)
    scales = scales.reshape(len(stored), -1, 1).astype(np.float32)
    blocks = stored.astype(np.float32).reshape(len(stored), scales.shape[1], -1) - _ZERO
    return np.ascontiguousarray((blocks * scales).reshape(len(stored), -1))


def _known(value: ir.Value | None) -> NDArray[Any]:
    values = constant(value)
    if values is None:
        raise ValueError(f"{value and value.name} is computed")
    return values


def _be_constant(node: ir.Node, values: NDArray[Any]) -> None:
    """Let a constant take the place of a node's only output, by its name."""
    output = node.outputs[0]
    name = output.name or ""
    output.name = f"{name} before"
    made = add_constant(graph_of(node), name, values)
    ir.convenience.replace_all_uses_with(output, made, replace_graph_outputs=True)


_CHANGES = {
    "Cast": _cast,
    "DequantizeLinear": _dequantised,
    "MatMulNBits": _product,
    "GatherBlockQuantized": _reading,
}
