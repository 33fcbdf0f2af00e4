"""Finding one's way in an ONNX graph, and changing it: what the rewriting of graphs shares."""

from collections.abc import Sequence
from typing import Any

import onnx_ir as ir
from numpy.typing import NDArray

CONTRIB = "com.microsoft"
"""The domain of onnxruntime's own operations."""


def maker(value: ir.Value | None, *kinds: str) -> ir.Node | None:
    """Give the node that makes a value, if it is of one of these kinds."""
    node = None if value is None else value.producer()
    return node if node is not None and node.op_type in kinds else None


def input_of(value: ir.Value | None, kind: str) -> ir.Value | None:
    """Give what a value is made of, if by an operation of this kind; of several, the first."""
    node = maker(value, kind)
    return None if node is None else node.inputs[0]


def uncast(value: ir.Value | None) -> ir.Value | None:
    """Give what a value is cast from; itself where it is not cast."""
    return input_of(value, "Cast") or value


def constant(value: ir.Value | None) -> NDArray[Any] | None:
    """Give a constant's values, also where they are stored in another type; None if computed."""
    plain = uncast(value)
    if value is None or plain is None or plain.const_value is None:
        return None
    values = plain.const_value.numpy()
    if plain is value:
        return values
    (cast,) = (node for node in (value.producer(),) if node is not None)
    return values.astype(ir.DataType(cast.attributes["to"].as_int()).numpy())


def computed_and_constant(node: ir.Node) -> tuple[ir.Value, ir.Value] | None:
    """Tell the two inputs of a node apart; None where not just one of them is constant."""
    one, other = node.inputs
    if one is None or other is None or (constant(one) is None) == (constant(other) is None):
        return None
    return (other, one) if constant(other) is None else (one, other)


def add_constant(graph: ir.Graph, name: str, values: NDArray[Any]) -> ir.Value:
    """Give the graph's constant of this name, made where there is none yet."""
    if (known := graph.initializers.get(name)) is not None:
        return known
    made = ir.Value(name=name, const_value=ir.tensor(values, name=name))
    graph.register_initializer(made)
    return made


def graph_of(node: ir.Node) -> ir.Graph:
    """Give the graph that a node is in."""
    if not isinstance(node.graph, ir.Graph):
        raise TypeError(f"{node.name} is in no graph")
    return node.graph


def put(
    node: ir.Node, new: ir.Node, *before: ir.Node, old: Sequence[ir.Value] | None = None
) -> None:
    """Let a new node, after others that it needs, give what an old one gave, by the same names.

    It gives `old`, if more than the old node's. What nothing takes any more stays in the graph.
    """
    graph_of(node).insert_before(node, [*before, new])
    for given, value in zip(new.outputs, old or node.outputs, strict=True):
        given.name, given.type, given.shape = value.name, value.type, value.shape
        value.name = f"{value.name} before"
        ir.convenience.replace_all_uses_with(value, given, replace_graph_outputs=True)
