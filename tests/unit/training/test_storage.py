"""Graphs in less room: what they compute, and what of them is kept how."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import helper, numpy_helper

from training.storage import StorageError, store_decoder, store_encoder

WORDS, WIDTH, TAGS = 40, 64, 9
RANDOM = np.random.default_rng(0)
TABLE = RANDOM.normal(0, 0.1, (WORDS, WIDTH)).astype(np.float32)
LISTED = RANDOM.integers(0, WORDS, TAGS)
CONSTANTS = {
    "table": TABLE,
    "output": np.ascontiguousarray(TABLE.T),
    "kernel": RANDOM.normal(0, 0.1, (WIDTH, WIDTH)).astype(np.float32),
    "basis": RANDOM.normal(0, 0.1, (WIDTH, WIDTH)).astype(np.float32),
    "classes": RANDOM.integers(0, 2, (WIDTH, WORDS)).astype(np.float32),
    "bias": RANDOM.normal(0, 0.1, (WIDTH,)).astype(np.float32),
    "other": RANDOM.normal(0, 0.1, (WORDS, WIDTH)).astype(np.float32),
    "listed": LISTED,
    "half": np.array(0.5, np.float32),
}
IDS = np.array([[3], [39], [0]])
PLACES = np.array([[8], [0], [4]])


def graph(*further: onnx.NodeProto) -> onnx.ModelProto:
    """Read words and, among those that are listed, tags, and compute with them."""
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["word"], axis=0),
        helper.make_node("Gather", ["listed", "places"], ["tag_ids"], axis=0),
        helper.make_node("Gather", ["other", "tag_ids"], ["tag"], axis=0),
        helper.make_node("Add", ["word", "tag"], ["sum"]),
        helper.make_node("Add", ["sum", "bias"], ["biased"]),
        helper.make_node("MatMul", ["biased", "kernel"], ["hidden"]),
        helper.make_node("MatMul", ["hidden", "output"], ["scores"]),
        helper.make_node("MatMul", ["biased", "basis"], ["held"]),
        helper.make_node("MatMul", ["held", "classes"], ["named"]),
        helper.make_node("Mul", ["named", "half"], ["told"]),
        *further,
    ]
    for node in nodes:
        node.name = node.output[0]
    made = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.INT64, ["rows", 1])
            for name in ("ids", "places")
        ],
        [
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in ("word", "tag", "scores", "told", *(node.output[0] for node in further))
        ],
        [numpy_helper.from_array(values, name) for name, values in CONSTANTS.items()],
    )
    opsets = [helper.make_opsetid("", 18)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("storage")
    (folder / "plain.onnx").write_bytes(graph().SerializeToString())
    store_decoder(folder / "plain.onnx", folder / "stored.onnx")
    store_encoder(folder / "plain.onnx", folder / "halved.onnx")
    return folder


def run(path: Path, ids: np.ndarray = IDS, places: np.ndarray = PLACES) -> dict[str, np.ndarray]:
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return dict(zip(names, session.run(names, {"ids": ids, "places": places}), strict=True))


def constants_of(path: Path) -> dict[str, np.ndarray]:
    return {each.name: numpy_helper.to_array(each) for each in onnx.load(path).graph.initializer}


@pytest.mark.parametrize(("name", "nearly"), [("stored", 0.02), ("halved", 0.002)])
def test_it_computes_nearly_what_it_computed(stored: Path, name: str, nearly: float) -> None:
    plain, found = run(stored / "plain.onnx"), run(stored / f"{name}.onnx")
    assert plain["word"] == pytest.approx(TABLE[IDS])
    for output, rows in plain.items():
        assert found[output].shape == rows.shape
        assert found[output] == pytest.approx(rows, abs=nearly * float(np.abs(rows).max()))
    assert found["word"] != pytest.approx(plain["word"], abs=1e-7)


def test_rows_do_not_depend_on_their_neighbours(stored: Path) -> None:
    together = run(stored / "stored.onnx")
    alone = run(stored / "stored.onnx", IDS[1:2], PLACES[1:2])
    for name, rows in alone.items():
        assert np.array_equal(rows, together[name][1:2])


def test_the_table_is_kept_once(stored: Path) -> None:
    constants = constants_of(stored / "stored.onnx")
    assert not [name for name in constants if name.startswith("table")]
    assert constants["output_Q8"].shape == (WORDS, WIDTH // 64, 64)


def test_only_rows_that_can_be_read_are_kept(stored: Path) -> None:
    constants = constants_of(stored / "stored.onnx")
    assert constants["other_listed_float16"] == pytest.approx(
        CONSTANTS["other"][LISTED], rel=1e-3, abs=1e-6
    )
    assert not constants.keys() & {"listed", "other", "other_float16"}


def test_without_eight_bits_only_whole_numbers_are_in_them(stored: Path) -> None:
    constants = constants_of(stored / "halved.onnx")
    assert constants["basis_float16"].dtype == np.float16
    assert constants["classes_uint8"].dtype == np.uint8
    assert np.array_equal(constants["classes_uint8"], CONSTANTS["classes"])
    assert constants["half"].dtype == constants["bias"].dtype == np.float32  # too few to matter


def test_it_takes_less_room(stored: Path) -> None:
    names = ("plain", "halved", "stored")
    plain, halved, small = ((stored / f"{name}.onnx").stat().st_size for name in names)
    assert halved < 0.55 * plain
    assert small < 0.65 * halved


def test_what_half_precision_cannot_hold_stays(tmp_path: Path) -> None:
    large = graph()
    (bias,) = (each for each in large.graph.initializer if each.name == "basis")
    bias.CopyFrom(numpy_helper.from_array(CONSTANTS["basis"] * 1e7, "basis"))
    (tmp_path / "plain.onnx").write_bytes(large.SerializeToString())
    store_encoder(tmp_path / "plain.onnx", tmp_path / "stored.onnx")
    assert constants_of(tmp_path / "stored.onnx")["basis"].dtype == np.float32


def test_products_that_would_be_passed_over_are_refused(tmp_path: Path) -> None:
    gemm = helper.make_node("Gemm", ["told", "kernel"], ["more"])
    (tmp_path / "plain.onnx").write_bytes(graph(gemm).SerializeToString())
    with pytest.raises(StorageError, match="1 are Gemm"):
        store_decoder(tmp_path / "plain.onnx", tmp_path / "stored.onnx")
    assert not (tmp_path / "stored.onnx").exists()
