"""Folds what a batch norm does into the convolution before it.

The converter leaves it to the runtime for depthwise convolutions, but weights are to be rounded as
they are used. The graph's note of where weights are (`training.origins`) follows.
"""

from collections.abc import Sequence
from typing import Any

import onnx
import onnx_ir as ir
from numpy.typing import NDArray
from onnx_ir.passes.common import RemoveUnusedNodesPass

from training.graphs import computed_and_constant, constant, maker, put
from training.notes import Notes


def fold_norms(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Give the graph with a scale and a shift of each channel as part of its convolution."""
    model = ir.serde.deserialize_model(proto)
    folded: list[str] = []
    for node in list(model.graph):
        if node.op_type == "Mul":
            folded += _scaled(node)
    _shift([node for node in model.graph if node.op_type == "Add"])
    RemoveUnusedNodesPass()(model)
    done = ir.serde.serialize_model(model)
    Notes.of(done).scaled(folded).write(done)
    return done


def _scaled(node: ir.Node) -> list[str]:
    """Conv(x, w) * s -> Conv(x, w * s); give the names of the weights that changed."""
    found = _after_convolution(node)
    if found is None or len(found[0].inputs) != 2:
        return []
    convolution, factors = found
    weights = convolution.inputs[1]
    values = constant(weights)
    if weights is None or values is None or len(weights.uses()) != 1:
        return []
    scaled = values * factors.reshape(-1, 1, 1, 1)
    weights.const_value = ir.tensor(scaled, name=weights.name)
    _stand_in(node, convolution, None)
    return [weights.name or ""]


def _shift(sums: Sequence[ir.Node]) -> None:
    """Conv(x, w) + b -> Conv(x, w, b), where all that read b are such."""
    biases: dict[ir.Value, list[ir.Node]] = {}
    for node in sums:
        found, terms = _after_convolution(node), computed_and_constant(node)
        if found is not None and terms is not None and len(found[0].inputs) == 2:
            biases.setdefault(terms[1], []).append(node)
    for bias, nodes in biases.items():
        values = constant(bias)
        if values is None or not bias.is_initializer() or len(bias.uses()) != len(nodes):
            continue
        bias.const_value = ir.tensor(values.ravel(), name=bias.name)
        bias.shape = ir.Shape([values.size])
        for node in nodes:
            (convolution,) = (each for each in map(_convolution, node.inputs) if each is not None)
            _stand_in(node, convolution, bias)


def _convolution(value: ir.Value | None) -> ir.Node | None:
    return maker(value, "Conv")


def _after_convolution(node: ir.Node) -> tuple[ir.Node, NDArray[Any]] | None:
    """Give the convolution that a node alone changes, and a constant for each of its channels."""
    terms = computed_and_constant(node)
    convolution = None if terms is None else maker(terms[0], "Conv")
    if terms is None or convolution is None or len(terms[0].uses()) != 1:
        return None
    values, weights = constant(terms[1]), constant(convolution.inputs[1])
    if values is None or weights is None or terms[0].is_graph_output():
        return None
    channels = len(weights)
    each = values.size == channels and values.shape[-2:] == (1, 1)
    return (convolution, values) if each else None


def _stand_in(node: ir.Node, convolution: ir.Node, bias: ir.Value | None) -> None:
    inputs = [*convolution.inputs[:2], *([] if bias is None else [bias])]
    put(node, ir.node("Conv", inputs, dict(convolution.attributes), name=convolution.name))
