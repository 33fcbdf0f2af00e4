"""Lets an encoder compute in whole numbers of 8 bits, with ranges found on training pictures.

Each tensor between the chosen operations is rounded to 256 levels over the range that it had on the
pictures, each filter to its own (Jacob et al. 2018, "Quantization and Training of Neural Networks
for Efficient Integer-Arithmetic-Only Inference"). The ranges are fixed, so that what is made of one
picture follows from that picture alone. The graph says so by a pair of QuantizeLinear and
DequantizeLinear at each such tensor, which the runtime fuses; a weight's dequantised form keeps the
weight's name.
"""

import logging
from collections.abc import Iterable, Sequence

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime as ort
from numpy.typing import NDArray
from onnx_ir.passes.common import RemoveUnusedNodesPass

from training.graphs import add_constant, computed_and_constant, constant, input_of, maker

logger = logging.getLogger(__name__)

# Told of a picture in differences so small that rounding would drown them.
_FINE = ("tags", "novelty")
_LEAST_WEIGHTS = 2**15  # of a product that is worth computing in 8 bits

type _Range = tuple[float, float]


def in_eight_bits(proto: onnx.ModelProto, pictures: NDArray[np.uint8]) -> onnx.ModelProto:
    """Give an encoder whose convolutions, their sums and larger products are in 8 bits.

    `pictures` [pictures, side, side, 3] should be of the training split. Products that tags and
    novelty follow from stay as they are.
    """
    model = ir.serde.deserialize_model(proto)
    graph = model.graph
    chosen = _chosen(graph)
    rounded = _rounded(chosen)
    ranges = _ranges(proto, [value.name or "" for value in rounded], pictures)
    for node in chosen:
        if node.op_type != "Add":
            _round_weights(graph, node)
    for value in rounded:
        # Pixels are whole numbers already.
        if maker(value, "DequantizeLinear") is None and not _take_pixels(graph, value):
            _round(graph, value, ranges[value.name or ""])
    RemoveUnusedNodesPass()(model)
    graph.sort()
    logger.info("%d operations in 8 bits, over %d ranges", len(chosen), len(rounded))
    return ir.serde.serialize_model(model)


def _chosen(graph: ir.Graph) -> list[ir.Node]:
    fine = _before(value for value in graph.outputs if value.name in _FINE)
    chosen: dict[ir.Node, None] = {}
    for node in graph:
        if node.op_type == "Conv":
            is_chosen = constant(node.inputs[1]) is not None
        elif node.op_type == "Add":
            is_chosen = all(each is not None and each.producer() in chosen for each in node.inputs)
        else:
            is_chosen = node.op_type == "MatMul" and node not in fine and _is_large(node.inputs[1])
        if is_chosen:
            chosen[node] = None
    return list(chosen)


def _before(values: Iterable[ir.Value]) -> set[ir.Node]:
    """Give all nodes that values follow from."""
    found: set[ir.Node] = set()
    waiting = [value.producer() for value in values]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.add(node)
            waiting += [each.producer() for each in node.inputs if each is not None]
    return found


def _is_large(value: ir.Value | None) -> bool:
    values = constant(value)
    return values is not None and values.ndim == 2 and values.size >= _LEAST_WEIGHTS


def _rounded(chosen: Sequence[ir.Node]) -> list[ir.Value]:
    """Give what the chosen operations read, and what all but products give, cut off or not."""
    values: dict[ir.Value, None] = {}
    for node in chosen:
        read = node.inputs if node.op_type == "Add" else node.inputs[:1]
        given = [] if node.op_type == "MatMul" else [_cut_off(node.outputs[0])]
        values |= dict.fromkeys(each for each in (*read, *given) if each is not None)
    return list(values)


def _cut_off(value: ir.Value) -> ir.Value:
    """Give a value after its activation, where that only cuts it off."""
    taken_by = [use.node for use in value.uses()]
    if len(taken_by) == 1 and taken_by[0].op_type in {"Clip", "Relu"}:
        return taken_by[0].outputs[0]
    return value


def _ranges(
    proto: onnx.ModelProto, names: Sequence[str], pictures: NDArray[np.uint8]
) -> dict[str, _Range]:
    """Run the pictures one by one and give the lowest and highest that each tensor came to."""
    watched = onnx.ModelProto()
    watched.CopyFrom(proto)
    given = {each.name for each in proto.graph.output}
    watched.graph.output.extend(
        onnx.helper.make_empty_tensor_value_info(name) for name in names if name not in given
    )
    session = ort.InferenceSession(watched.SerializeToString(), providers=["CPUExecutionProvider"])
    ranges = dict.fromkeys(names, (0.0, 0.0))
    for picture in pictures:
        values = session.run(list(names), {"images": np.asarray(picture)[np.newaxis]})
        for name, each in zip(names, values, strict=True):
            low, high = ranges[name]
            ranges[name] = (min(low, float(each.min())), max(high, float(each.max())))
    return ranges


def _round_weights(graph: ir.Graph, node: ir.Node) -> None:
    """Store weights in 8 bits around 0, with a scale for each filter or column."""
    weights = node.inputs[1]
    values = constant(weights)
    if weights is None or values is None or maker(weights, "DequantizeLinear") is not None:
        return
    axis = 0 if node.op_type == "Conv" else 1
    others = tuple(each for each in range(values.ndim) if each != axis)
    highest = np.abs(values).max(axis=others, keepdims=True)
    scales = np.where(highest > 0, highest, 1).astype(np.float32) / 127
    name = weights.name
    inputs = [
        add_constant(graph, f"{name}_int8", np.rint(values / scales).astype(np.int8)),
        add_constant(graph, f"{name}_scale", scales.ravel()),
        add_constant(graph, f"{name}_zero", np.zeros(scales.size, np.int8)),
    ]
    restored = ir.node("DequantizeLinear", inputs, {"axis": axis})
    graph.insert_before(node, restored)
    weights.name = f"{name} exactly"
    restored.outputs[0].name = name
    restored.outputs[0].type = ir.TensorType(ir.DataType.FLOAT)
    ir.convenience.replace_all_uses_with(weights, restored.outputs[0])
    if weights.is_initializer():
        graph.initializers.pop(weights.name or "", None)


def _round(graph: ir.Graph, value: ir.Value, limits: _Range) -> None:
    """Let all that read a value read it rounded to 256 levels, 0 being one of them."""
    low, high = limits
    scale = np.float32((high - low) / 255 or 1)
    zero = np.uint8(np.rint(-low / scale))
    constants = [
        add_constant(graph, f"{value.name}_levels_scale", np.array(scale)),
        add_constant(graph, f"{value.name}_levels_zero", np.array(zero)),
    ]
    uses = list(value.uses())
    whole = ir.node("QuantizeLinear", [value, *constants])
    back = ir.node("DequantizeLinear", [whole.outputs[0], *constants])
    for use in uses:
        use.node.replace_input_with(use.idx, back.outputs[0])
    graph.extend([whole, back])


def _take_pixels(graph: ir.Graph, value: ir.Value) -> bool:
    """Read the encoder's own pixels where a value is no more than those, scaled and shifted."""
    turned = maker(value, "Transpose")
    shifted = None if turned is None else maker(turned.inputs[0], "Add")
    terms = None if shifted is None else computed_and_constant(shifted)
    scaled = None if terms is None else maker(terms[0], "Mul")
    factors = None if scaled is None else computed_and_constant(scaled)
    if turned is None or terms is None or factors is None:
        return False
    pixels, shift, scale = input_of(factors[0], "Cast"), constant(terms[1]), constant(factors[1])
    if pixels is None or pixels.name != "images" or shift is None or scale is None:
        return False
    zero = -shift / scale
    if scale.size > 1 or zero.size > 1 or abs(zero - np.rint(zero)) > 1e-3:
        return False
    turned_pixels = ir.node("Transpose", [pixels], dict(turned.attributes))
    constants = [
        add_constant(graph, "pixels_scale", np.array(scale.item(), np.float32)),
        add_constant(graph, "pixels_zero", np.array(np.rint(zero.item()), np.uint8)),
    ]
    back = ir.node("DequantizeLinear", [turned_pixels.outputs[0], *constants])
    ir.convenience.replace_all_uses_with(value, back.outputs[0])
    graph.extend([turned_pixels, back])
    return True
