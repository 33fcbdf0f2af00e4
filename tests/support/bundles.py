"""A tiny bundle that keeps the whole contract, made in milliseconds without TensorFlow.

Its weights are random but fixed: what it says is nonsense that depends on the picture, on the
words before and on nothing else.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from captioner.model.bundle import MANIFEST, Beam, GraphFile, Manifest
from captioner.model.confidence import Calibration
from captioner.model.manifest import NoveltyLimit, TagNames
from captioner.model.vocabulary import SPECIAL_WORDS

_PLAIN = "a the dog cat man runs sits on under grass table red blue 's"
WORDS = (*SPECIAL_WORDS, *_PLAIN.split(" "))
TAGS = ("cat", "dog", "grass", "man", "table")
SIDE, WIDTH = 32, 12
_OPSET = 18


def make_bundle(
    folder: Path, *, seed: int = 1, version: str | None = None, telling: bool = False
) -> Path:
    """Write a bundle into `folder`, whose version is its files' checksum or as asked; give it.

    One that is telling has tags, novelty, a calibrated confidence and attention. Its novelty is
    the picture's brightness, 0 to 1, so that bright pictures are strange to it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    graphs = {"encoder": _encoder(random), "decoder": _decoder(random)}
    if telling:
        _tell(graphs["encoder"], random)
        _attend(graphs["decoder"])
    files = {}
    for name, graph in graphs.items():
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=10
        )
        onnx.checker.check_model(model)
        content = model.SerializeToString()
        (folder / f"{name}.onnx").write_bytes(content)
        files[name] = GraphFile(f"{name}.onnx", hashlib.sha256(content).hexdigest())
    manifest = Manifest(
        name="tiny",
        version=version or files["decoder"].sha256[:12],
        language="en",
        encoder=files["encoder"],
        decoder=files["decoder"],
        resize=(SIDE,),
        cache_shapes={"cache.state": (WIDTH,), "cache.count": (0,)},
        vocabulary=WORDS,
        beam=Beam(beam_size=3, length_penalty=1.0, min_words=3, max_words=8),
        alt_text_threshold=0.0,
        **(_TOLD if telling else {}),
    )
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return folder


def _encoder(random: np.random.Generator) -> onnx.GraphProto:
    """Mean colours of the picture's four quarters -> memory.seen and the first cache.state."""
    weights = {
        "start": random.normal(0, 1, (12, WIDTH)),
        "scale": np.array(1 / 255),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "scale"], ["unit"]),
        helper.make_node("Transpose", ["unit"], ["channels"], perm=[0, 3, 1, 2]),
        helper.make_node(
            "AveragePool",
            ["channels"],
            ["quarters"],
            kernel_shape=[SIDE // 2, SIDE // 2],
            strides=[SIDE // 2, SIDE // 2],
        ),
        helper.make_node("Flatten", ["quarters"], ["memory.seen"]),
        helper.make_node("MatMul", ["memory.seen", "start"], ["cache.state"]),
    ]
    return helper.make_graph(
        nodes,
        "encoder",
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [_floats("memory.seen", ["n", 12]), _floats("cache.state", ["n", WIDTH])],
        _initializers(weights),
    )


_TOLD: dict[str, Any] = {
    "tags": TagNames(TAGS, threshold=0.3),
    "novelty": NoveltyLimit(threshold=0.8),
    "confidence": Calibration(
        features=("mean_log_prob", "words", "tag_support", "novelty"),
        means=(-1.0, 5.0, -3.0, 0.5),
        scales=(0.5, 2.0, 1.0, 0.3),
        weights=(1.0, -0.2, 0.5, -0.5),
        intercept=0.2,
        review_threshold=0.1,
    ),
}


def _tell(encoder: onnx.GraphProto, random: np.random.Generator) -> None:
    """Have the encoder give tags and novelty too."""
    encoder.node.extend(
        [
            helper.make_node("MatMul", ["memory.seen", "tagging"], ["scores"]),
            helper.make_node("Sigmoid", ["scores"], ["tags"]),
            helper.make_node("ReduceMean", ["memory.seen", "axes"], ["novelty"], keepdims=0),
        ]
    )
    encoder.initializer.extend(_initializers({"tagging": random.normal(0, 1, (12, len(TAGS)))}))
    encoder.initializer.append(numpy_helper.from_array(np.array([1]), "axes"))
    encoder.output.extend([_floats("tags", ["n", len(TAGS)]), _floats("novelty", ["n"])])


def _decoder(random: np.random.Generator) -> onnx.GraphProto:
    """A plain recurrent cell; `cache.count` grows by one a step, as a transformer's caches do."""
    size = len(WORDS)
    weights = {
        "words": random.normal(0, 1, (size, WIDTH)),
        "from_seen": random.normal(0, 2, (12, WIDTH)),
        "from_state": random.normal(0, 1, (WIDTH, WIDTH)),
        "classify": random.normal(0, 1, (WIDTH, size)),
        "zero": np.zeros(1),
    }
    nodes = [
        helper.make_node("Gather", ["words", "tokens"], ["word"]),
        helper.make_node("MatMul", ["memory.seen", "from_seen"], ["seen"]),
        helper.make_node("MatMul", ["cache.state", "from_state"], ["state"]),
        helper.make_node("Sum", ["word", "seen", "state"], ["total"]),
        helper.make_node("Tanh", ["total"], ["cache.state.next"]),
        helper.make_node("MatMul", ["cache.state.next", "classify"], ["logits"]),
        helper.make_node("LogSoftmax", ["logits"], ["log_probs"], axis=-1),
        helper.make_node("Cast", ["tokens"], ["float_tokens"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["float_tokens", "last_axis"], ["latest"]),
        helper.make_node("Concat", ["cache.count", "latest"], ["cache.count.next"], axis=1),
    ]
    return helper.make_graph(
        nodes,
        "decoder",
        [
            helper.make_tensor_value_info("tokens", TensorProto.INT64, ["rows"]),
            _floats("memory.seen", ["rows", 12]),
            _floats("cache.state", ["rows", WIDTH]),
            _floats("cache.count", ["rows", "steps"]),
        ],
        [
            _floats("log_probs", ["rows", size]),
            _floats("cache.state.next", ["rows", WIDTH]),
            _floats("cache.count.next", ["rows", "steps_next"]),
        ],
        [*_initializers(weights), numpy_helper.from_array(np.array([1]), "last_axis")],
    )


def _attend(decoder: onnx.GraphProto) -> None:
    """Let the decoder tell how it looks at the quarters: by the first numbers of its state."""
    decoder.node.extend(
        [
            helper.make_node("Gather", ["cache.state.next", "quarters"], ["scores"], axis=1),
            helper.make_node("Softmax", ["scores"], ["attention"], axis=-1),
        ]
    )
    decoder.initializer.append(numpy_helper.from_array(np.arange(4), "quarters"))
    decoder.output.append(_floats("attention", ["rows", 4]))


def _floats(name: str, shape: list[Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def _initializers(weights: dict[str, np.ndarray]) -> list[onnx.TensorProto]:
    return [
        numpy_helper.from_array(array.astype(np.float32), name) for name, array in weights.items()
    ]
