"""Graphs rewritten: what they compute stays, and the idioms of the converter go."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper, numpy_helper

from captioner.model.bundle import open_bundle
from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary
from tests.support.tiny_export import write_bundle
from tests.support.tiny_model import SIDE, SIZES, TAGS, randomise, tiny_config, use_tiny_encoders
from training.eight_bits import in_eight_bits
from training.export import log_probs_along
from training.folding import fold_norms
from training.model import build_model
from training.notes import SCALED, Notes
from training.origins import read_origins
from training.storage import store_encoder
from training.tidying import tidy
from training.unpacking import unpack
from training.workspace import Workspace

# Keras gives its variables to numpy through an interface that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

WORDS = ("a", "circle", "square", "red", "on", "dog", "cat", "zebra")
PICTURES = np.random.default_rng(0).integers(0, 256, (6, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
        yield


@pytest.fixture(scope="module", params=["attention-lstm", "tags"])
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a bundle as stored, and in its folder `plain` the graphs as converted."""
    folder = tmp_path_factory.mktemp(request.param)
    vocabulary = Vocabulary((*SPECIAL_WORDS, *WORDS))
    tags = {word: vocabulary.id_of(word) for word in ("cat", "dog")}
    config = tiny_config(tags=TAGS)
    if request.param != "tags":
        config, tags = tiny_config(request.param), {}
    model = build_model(config, len(vocabulary), tags)
    randomise(model)
    if tags:  # of chances alone can there be logarithms
        model.recogniser.words.assign(np.eye(*model.recogniser.words.shape))
    workspace = Workspace(config, folder, "shapes", {}, vocabulary, tags=tags)
    return write_bundle(model, workspace, folder)


def plain(folder: Path, name: str) -> onnx.ModelProto:
    return onnx.load(folder / "plain" / f"{name}.onnx")


def kinds(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def along(folder: Path, decoder: onnx.ModelProto) -> np.ndarray:
    """Give the log-probabilities along some caption, by the bundle with another decoder."""
    session = ort.InferenceSession(decoder.SerializeToString(), providers=["CPUExecutionProvider"])
    bundle = replace(open_bundle(folder), _decoder=session)
    return log_probs_along(bundle.start(PICTURES[:1]), [5, 4, 7, 4])


def test_a_tidied_step_says_what_was_converted(written: Path) -> None:
    converted = plain(written, "decoder")
    tidied = tidy(converted)
    assert along(written, tidied) == pytest.approx(along(written, converted), abs=1e-4)
    assert len(tidied.graph.node) <= len(converted.graph.node)


def test_idioms_become_single_operations(written: Path) -> None:
    converted, stored = plain(written, "decoder"), onnx.load(written / "decoder.onnx")
    layers = kinds(stored)["MultiHeadAttention"]
    assert layers == (SIZES["transformer"]["depth"] if kinds(converted)["Transpose"] else 0)
    if layers:
        assert kinds(stored)["LayerNormalization"] == 3 * layers + 1
        assert not kinds(stored).keys() & {"Reciprocal", "Sqrt", "Where", "Neg"}
        assert len(tidy(converted).graph.node) < len(converted.graph.node) / 2


def test_unpacking_gives_single_precision(written: Path) -> None:
    for name in ("encoder", "decoder"):
        unpacked = unpack(onnx.load(written / f"{name}.onnx"))
        types = {each.data_type for each in unpacked.graph.initializer}
        assert onnx.TensorProto.FLOAT16 not in types
        assert not kinds(unpacked).keys() & {"MatMulNBits", "GatherBlockQuantized"}
    unpacked = unpack(onnx.load(written / "decoder.onnx"))
    found = along(written, unpacked)
    assert found == pytest.approx(along(written, plain(written, "decoder")), abs=0.1)


def depthwise() -> onnx.ModelProto:
    """Pixels through two convolutions of each channel, whose norms share their shifts."""
    rng = np.random.default_rng(0)
    constants = {
        "scale": np.array(1 / 128, np.float32),
        "shift": np.array(-127 / 128, np.float32),
        "first": rng.normal(size=(3, 1, 3, 3)).astype(np.float32),
        "second": rng.normal(size=(3, 1, 1, 1)).astype(np.float32),
        "gains": rng.normal(1, 0.2, size=(1, 3, 1, 1)).astype(np.float32),
        "shifts": rng.normal(size=(1, 3, 1, 1)).astype(np.float32),
        "low": np.array(0, np.float32),
        "high": np.array(6, np.float32),
    }
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", ["floats", "scale"], ["small"]),
        helper.make_node("Add", ["small", "shift"], ["normal"]),
        helper.make_node("Transpose", ["normal"], ["turned"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["turned", "first"], ["one"], group=3),
        helper.make_node("Mul", ["one", "gains"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shifts"], ["shifted"]),
        helper.make_node("Clip", ["shifted", "low", "high"], ["cut"]),
        helper.make_node("Conv", ["cut", "second"], ["other"], group=3),
        helper.make_node("Add", ["other", "shifts"], ["memory.grid"]),
    ]
    made = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("images", onnx.TensorProto.UINT8, ["n", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("memory.grid", onnx.TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    notes = {"kernel": [("first", [2, 3, 0, 1])], "other": [("second", [2, 3, 0, 1])]}
    Notes({each: list(found) for each, found in notes.items()}, {}).write(model)
    return model


def seen(model: onnx.ModelProto, pictures: np.ndarray) -> np.ndarray:
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(["memory.grid"], {"images": pictures})[0]


def test_norms_are_folded_into_their_convolutions() -> None:
    folded = fold_norms(depthwise())
    assert kinds(folded) == Counter(Cast=1, Mul=1, Add=1, Transpose=1, Conv=2, Clip=1)
    assert seen(folded, PICTURES) == pytest.approx(seen(depthwise(), PICTURES), abs=1e-4)


def test_the_note_of_weights_tells_what_is_folded() -> None:
    folded = Notes.of(fold_norms(depthwise()))
    assert folded.places == {
        f"kernel{SCALED}": [["first", [2, 3, 0, 1]]],
        "other": [["second", [2, 3, 0, 1]]],
    }


@pytest.fixture(scope="module")
def rounded() -> onnx.ModelProto:
    return in_eight_bits(fold_norms(depthwise()), PICTURES)


def test_an_encoder_in_eight_bits_sees_nearly_the_same(rounded: onnx.ModelProto) -> None:
    expected, found = (seen(each, PICTURES) for each in (depthwise(), rounded))
    assert found == pytest.approx(expected, abs=0.02 * float(np.ptp(expected)))
    assert len(np.unique(found)) <= 3 * 256


def test_what_is_seen_of_a_picture_follows_from_it_alone(rounded: onnx.ModelProto) -> None:
    assert np.array_equal(seen(rounded, PICTURES)[2:3], seen(rounded, PICTURES[2:3]))


def test_pixels_are_read_as_they_are(rounded: onnx.ModelProto) -> None:
    """They are in 8 bits already."""
    (turned,) = (node for node in rounded.graph.node if node.op_type == "Transpose")
    assert list(turned.input) == ["images"]


def test_weights_in_eight_bits_are_found_by_their_names(rounded: onnx.ModelProto) -> None:
    shapes = {f"kernel{SCALED}": (3, 3, 3, 1), "other": (1, 1, 3, 1)}
    expected, found = (read_origins(each, shapes) for each in (fold_norms(depthwise()), rounded))
    for name in shapes:
        largest = float(np.abs(expected[name]).max())
        assert found[name] == pytest.approx(expected[name], abs=largest / 250)


def test_an_encoder_is_unpacked_and_stored_as_before(tmp_path: Path) -> None:
    (tmp_path / "plain.onnx").write_bytes(depthwise().SerializeToString())
    store_encoder(tmp_path / "plain.onnx", tmp_path / "stored.onnx", pictures=PICTURES)
    stored = onnx.load(tmp_path / "stored.onnx")
    unpacked = unpack(stored)
    assert kinds(unpacked)["QuantizeLinear"] == 0
    assert kinds(unpacked)["DequantizeLinear"] == 1  # of the pixels
    again = in_eight_bits(unpacked, PICTURES)
    assert kinds(again) == kinds(stored)
    step = float(np.ptp(seen(stored, PICTURES))) / 255
    assert seen(again, PICTURES) == pytest.approx(seen(stored, PICTURES), abs=2 * step)
