"""Rewrites a converted graph into fewer, larger operations that give the same numbers.

Conversion writes a product of a three-axis tensor as two reshapes whose shapes are computed, a
layer norm as ten operations, and `x[i]` as fifteen. At a few microseconds each, a small decoder's
step takes longer over them than over its products. Each rule finds one such idiom and puts in its
place what the runtime has a single operation for. A rule that finds nothing changes nothing, so
that any architecture may be given. Names of weights stay.
"""

import logging
from collections.abc import Sequence

import numpy as np
import onnx
import onnx_ir as ir
from onnx_ir.passes.common import RemoveUnusedNodesPass

from training.graphs import (
    CONTRIB,
    add_constant,
    computed_and_constant,
    constant,
    graph_of,
    input_of,
    maker,
    put,
    uncast,
)

logger = logging.getLogger(__name__)

_PRODUCTS = ("MatMul", "MatMulNBits", "MatMulIntegerToFloat")
_READERS = ("Gather", "GatherBlockQuantized")
_BIAS = 5  # its place among the inputs of MatMulNBits


def tidy(proto: onnx.ModelProto) -> onnx.ModelProto:
    """Give the graph with its idioms replaced; weights may be plain, in half precision or 8 bits.

    What it computes stays the same but for the rounding of sums.
    """
    model = ir.serde.deserialize_model(proto)
    before = len(model.graph)
    for rule in _RULES:
        found = sum(rule(node) for node in list(model.graph) if node.graph is model.graph)
        RemoveUnusedNodesPass()(model)
        logger.debug("%s: %d", rule.__name__, found)
    model.graph.sort()
    model.graph.opset_imports.setdefault(CONTRIB, 1)
    logger.info("%d operations become %d", before, len(model.graph))
    return ir.serde.serialize_model(model)


def _product(node: ir.Node) -> bool:
    """Reshape(MatMul(Reshape(x, [-1, width]), weights), [*x.shape[:-1], columns]) -> MatMul."""
    if node.op_type != "Reshape":
        return False
    product = maker(node.inputs[0], *_PRODUCTS)
    flat = None if product is None else maker(product.inputs[0], "Reshape")
    if product is None or flat is None or constant(flat.inputs[1]) is None:
        return False
    x = flat.inputs[0]
    if not _is_shape_of(node.inputs[1], x):
        return False
    _replace(node, product, [x, *product.inputs[1:]])
    return True


def _is_shape_of(shape: ir.Value | None, x: ir.Value | None) -> bool:
    """Whether a shape is that of x but for its last axis: [*x.shape[:-1], a constant]."""
    joined = maker(uncast(shape), "Concat")
    if joined is None or len(joined.inputs) != 2 or constant(joined.inputs[1]) is None:
        return False
    chosen = maker(uncast(joined.inputs[0]), "Gather")
    places = None if chosen is None else constant(chosen.inputs[1])
    if chosen is None or places is None or places.tolist() != list(range(len(places))):
        return False
    return input_of(uncast(chosen.inputs[0]), "Shape") is x


def _layer_norm(node: ir.Node) -> bool:
    """Add(x * s, bias - mean * s) with s = gain / deviation, as Keras has it, to one operation."""
    if node.op_type != "Add" or (halves := _makers(node, "Mul", "Add")) is None:
        return False
    scaled, shift = halves
    if (shifted := computed_and_constant(shift)) is None:
        return False
    lowered = maker(shifted[0], "Mul")
    if lowered is None:
        return False
    means = [mean for each in lowered.inputs if (mean := input_of(each, "Neg")) is not None]
    common = [each for each in scaled.inputs if each in lowered.inputs]
    if len(means) != 1 or len(common) != 1:
        return False
    (x,) = (each for each in scaled.inputs if each is not common[0])
    scale = _scale(common[0], x, means[0])
    if scale is None:
        return False
    gain, epsilon = scale
    attributes = {"axis": -1, "epsilon": epsilon}
    put(node, ir.node("LayerNormalization", [x, gain, shifted[1]], attributes))
    return True


def _scale(
    value: ir.Value | None, x: ir.Value | None, mean: ir.Value
) -> tuple[ir.Value, float] | None:
    """Tell gain and epsilon of gain / sqrt(variance of x + epsilon); None for anything else."""
    factor = maker(value, "Mul")
    factors = None if factor is None else computed_and_constant(factor)
    if factors is None:
        return None
    raised = maker(input_of(input_of(factors[0], "Reciprocal"), "Sqrt"), "Add")
    terms = None if raised is None else computed_and_constant(raised)
    if terms is None or maker(mean, "ReduceMean") is None:
        return None
    squared = maker(input_of(terms[0], "ReduceMean"), "Mul")
    if squared is None or squared.inputs[0] is not squared.inputs[1]:
        return None
    difference = maker(squared.inputs[0], "Sub")
    if difference is None or list(difference.inputs) != [x, mean]:
        return None
    return factors[1], _number(terms[1])


def _bias(node: ir.Node) -> bool:
    """Add(MatMulNBits(x), bias) -> MatMulNBits(x, bias)."""
    if node.op_type != "Add" or (terms := computed_and_constant(node)) is None:
        return False
    computed, bias = terms
    product, values = maker(computed, "MatMulNBits"), constant(bias)
    if product is None or values is None or values.ndim != 1 or len(product.inputs) > _BIAS:
        return False
    if len(computed.uses()) != 1 or computed.is_graph_output():
        return False
    missing = [None] * (_BIAS - len(product.inputs))
    _replace(node, product, [*product.inputs, *missing, bias])
    return True


def _place(node: ir.Node) -> bool:
    """Where(i < 0, i + length, i) -> i, as a place to read at: below 0, it counts from the end."""
    if node.op_type not in _READERS:
        return False
    either = maker(node.inputs[1], "Add")
    parts = None if either is None else _makers(either, "Mul", "Mul")
    if parts is None:
        return False
    for wrapped, kept in (parts, parts[::-1]):
        place = _guarded(kept, "Not")
        moved = maker(_guarded(wrapped, "Less"), "Add")
        if place is not None and moved is not None and place in moved.inputs:
            node.replace_input_with(1, place)
            return True
    return False


def _guarded(node: ir.Node, condition: str) -> ir.Value | None:
    """Tell what is multiplied by whether a condition holds; None where nothing is."""
    for guard, value in (node.inputs, node.inputs[::-1]):
        if maker(input_of(guard, "Cast"), condition) is not None:
            return value
    return None


def _row(node: ir.Node) -> bool:
    """Squeeze(Slice(table, [i], …)) -> Gather(table, i): only a single row can be squeezed."""
    if node.op_type != "Squeeze" or len(node.inputs) != 2:
        return False
    cut = maker(node.inputs[0], "Slice")
    if cut is None or constant(cut.inputs[0]) is None or len(cut.inputs) < 4:
        return False
    start = input_of(cut.inputs[1], "Unsqueeze")
    axes = [constant(each) for each in (node.inputs[1], cut.inputs[3])]
    if start is None or any(each is None or each.tolist() != [0] for each in axes):
        return False
    put(node, ir.node("Gather", [cut.inputs[0], start], {"axis": 0}))
    return True


def _reshaped_twice(node: ir.Node) -> bool:
    """Reshape(Reshape(x), shape) -> Reshape(x, shape), also with a factor between them.

    A shape may leave one axis open, but copy none.
    """
    if node.op_type != "Reshape":
        return False
    shape = constant(node.inputs[1])
    if shape is None or 0 in shape:
        return False
    if (plain := input_of(node.inputs[0], "Reshape")) is not None:
        node.replace_input_with(0, plain)
        return True
    scaled = maker(node.inputs[0], "Mul")
    factors = None if scaled is None else computed_and_constant(scaled)
    if scaled is None or factors is None or len(scaled.outputs[0].uses()) != 1:
        return False
    plain, values = input_of(factors[0], "Reshape"), constant(factors[1])
    if plain is None or values is None or values.ndim:
        return False
    reshaped = ir.node("Reshape", [plain, node.inputs[1]])
    put(node, ir.node("Mul", [reshaped.outputs[0], factors[1]]), reshaped)
    return True


def _growing_attention(node: ir.Node) -> bool:
    """One word's query, and keys and values that grow by that word, to one operation.

    Reshape(Softmax(query * scale @ [past, key]^T) @ [past, value]) -> MultiHeadAttention.
    """
    if node.op_type != "Reshape":
        return False
    mixed = maker(node.inputs[0], "MatMul")
    sides = None if mixed is None else _makers(mixed, "Softmax", "Concat")
    scores = None if sides is None else maker(sides[0].inputs[0], "MatMul")
    asked = None if scores is None else _makers(scores, "Mul", "Transpose")
    if sides is None or asked is None:
        return False
    query, grown = computed_and_constant(asked[0]), maker(asked[1].inputs[0], "Concat")
    if query is None or grown is None:
        return False
    both = (grown, sides[1])
    heads = maker(query[0], "Reshape")
    shape = None if heads is None else constant(heads.inputs[1])
    new = [input_of(each.inputs[1], "Reshape") for each in both]
    if heads is None or shape is None or len(shape) != 4 or shape[2] != 1 or None in new:
        return False
    past = [each.inputs[0] for each in both]
    if not all(each is not None and each.is_graph_input() for each in past):
        return False
    count, width = int(shape[1]), int(shape[1] * shape[3])
    flat = add_constant(graph_of(node), f"one_word_of_{width}", np.array([-1, 1, width]))
    lines = [ir.node("Reshape", [each, flat]) for each in (heads.inputs[0], *new)]
    attention = ir.node(
        "MultiHeadAttention",
        [*(each.outputs[0] for each in lines), None, None, None, *past],
        {"num_heads": count, "scale": _number(query[1])},
        domain=CONTRIB,
        num_outputs=3,
    )
    put(node, attention, *lines, old=[node.outputs[0], *(each.outputs[0] for each in both)])
    return True


_RULES = (_product, _layer_norm, _bias, _place, _row, _reshaped_twice, _growing_attention)


def _makers(node: ir.Node, *kinds: str) -> tuple[ir.Node, ...] | None:
    """Give the makers of a node's two inputs, of these kinds in whichever order."""
    one, other = node.inputs
    for pair in ((one, other), (other, one)):
        made = [maker(value, kind) for value, kind in zip(pair, kinds, strict=True)]
        found = tuple(each for each in made if each is not None)
        if len(found) == len(kinds):
            return found
    return None


def _replace(node: ir.Node, like: ir.Node, inputs: Sequence[ir.Value | None]) -> None:
    """Put an operation like another one, but of other inputs, in a node's place."""
    attributes = dict(like.attributes)
    put(node, ir.node(like.op_type, inputs, attributes, domain=like.domain, name=like.name))


def _number(value: ir.Value) -> float:
    values = constant(value)
    if values is None:
        raise ValueError(f"{value.name} is computed")
    return float(values.item())
