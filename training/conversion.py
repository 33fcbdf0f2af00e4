"""Traced function -> ONNX model."""

from typing import Any

import onnx
import tf2onnx

OPSET = 18


def to_onnx(function: Any) -> onnx.ModelProto:
    """Convert a `tf.function` that has an explicit signature; its names become the graph's.

    Keras' own ONNX export names outputs as it likes. Constants that a layer holds as plain tensors
    (ImageNet's mean colour, say) tf2onnx lists as inputs, though nothing reads them: they go.
    """
    signature = function.input_signature
    proto, _ = tf2onnx.convert.from_function(function, signature, opset=OPSET)
    captures = function.get_concrete_function(*signature).graph.captures
    constants = {placeholder.name for _, placeholder in captures}
    for each in [given for given in proto.graph.input if given.name in constants]:
        proto.graph.input.remove(each)
    onnx.checker.check_model(proto)
    return proto
