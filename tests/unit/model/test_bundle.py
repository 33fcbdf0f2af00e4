import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from captioner.errors import BundleError, BundleInvalid, BundleMissing
from captioner.model.bundle import MANIFEST, _has_whole_number_products, open_bundle, read_manifest
from captioner.model.decoding import BeamSettings, beam_search
from captioner.model.vocabulary import START
from tests.support.bundles import SIDE, TAGS, WIDTH, WORDS, make_bundle

PICTURES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle")


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / MANIFEST).read_bytes())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def change_graph(folder: Path, name: str, change: Callable[[onnx.GraphProto], object]) -> None:
    """Change a graph and note its new checksum."""
    model = onnx.load(folder / f"{name}.onnx")
    change(model.graph)
    content = model.SerializeToString()
    (folder / f"{name}.onnx").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    change_manifest(folder, lambda manifest: manifest[name].update(sha256=digest))


def rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for value in (*graph.input, *graph.output):
        value.name = new if value.name == old else value.name
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        node.output[:] = [new if name == old else name for name in node.output]


def refusal(folder: Path, error: type[BundleError] = BundleInvalid) -> str:
    """Give the sentence that a bundle is refused with."""
    with pytest.raises(error) as caught:
        open_bundle(folder)
    message = caught.value.message
    assert re.fullmatch(r"[A-Za-z][^\n]*[^.\n]\.", message), message
    return message


def test_a_bundle_says_what_it_is(folder: Path) -> None:
    bundle = open_bundle(folder)
    assert bundle.manifest == read_manifest(folder)
    assert bundle.vocabulary.words == WORDS
    assert bundle.beam_settings == BeamSettings(3, length_penalty=1.0, min_words=3, max_words=8)


def test_a_step_gives_log_probabilities_that_depend_on_picture_and_words(folder: Path) -> None:
    step = open_bundle(folder).start(PICTURES)
    first = step(np.full(2, START), np.arange(2))
    assert first.shape == (2, len(WORDS))
    assert np.exp(first).sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert not np.allclose(first[0], first[1])
    second = step(np.array([4, 5]), np.zeros(2, np.int64))
    assert not np.allclose(second[0], second[1])


def test_rows_go_on_from_their_parents(folder: Path) -> None:
    """Two captions of two pictures, crossed and mixed, read as each would alone."""
    bundle = open_bundle(folder)
    together = bundle.start(PICTURES)
    together(np.full(2, START), np.arange(2))
    together(np.array([4, 5, 6]), np.array([0, 1, 1]))
    rows = together(np.array([7, 8]), np.array([2, 0]))
    for row, picture, words in ((rows[0], 1, (6, 7)), (rows[1], 0, (4, 8))):
        alone = bundle.start(PICTURES[picture : picture + 1])
        for token in (START, *words):
            expected = alone(np.array([token]), np.zeros(1, np.int64))
        assert row == pytest.approx(expected[0], abs=1e-5)


def test_only_what_the_decoder_reads_is_kept(folder: Path) -> None:
    """An encoder may give more, such as tags."""
    plain = open_bundle(folder).start(PICTURES)(np.full(2, START), np.arange(2))

    def add_tags(graph: onnx.GraphProto) -> None:
        graph.node.append(helper.make_node("Identity", ["memory.seen"], ["tags"]))
        tags = helper.make_tensor_value_info("tags", TensorProto.FLOAT, ["n", 12])
        graph.output.insert(0, tags)

    change_graph(folder, "encoder", add_tags)
    tagged = open_bundle(folder).start(PICTURES)(np.full(2, START), np.arange(2))
    assert np.array_equal(tagged, plain)


def test_a_decoder_may_start_from_the_picture_and_read_it_no_more(folder: Path) -> None:
    """What an LSTM without attention does: no memory, only a cache."""
    change_graph(folder, "encoder", lambda graph: rename(graph, "memory.seen", "seen"))

    def forget_the_picture(graph: onnx.GraphProto) -> None:
        graph.node[1].CopyFrom(helper.make_node("Mul", ["word", "zero"], ["seen"]))
        del graph.input[1]

    change_graph(folder, "decoder", forget_the_picture)
    found = beam_search(open_bundle(folder).start(PICTURES), 2, BeamSettings())
    assert all(found)
    assert found[0] != found[1]


@pytest.mark.parametrize("name", ["a b+#%é", "模型", "dir/with 'quotes'", "…"])
def test_a_bundle_may_lie_anywhere(tmp_path: Path, name: str) -> None:
    assert open_bundle(make_bundle(tmp_path / name)).manifest.name == "tiny"


def beside_each_other(graph: onnx.GraphProto) -> None:
    """Put word and picture beside each other, so that each row must bring its picture."""
    for node in graph.node:
        if "seen" in node.output:
            node.CopyFrom(helper.make_node("MatMul", ["both", "from_both"], ["seen"]))
    graph.node.insert(1, helper.make_node("Concat", ["word", "memory.seen"], ["both"], axis=1))
    weights = np.ones((WIDTH + 12, WIDTH), np.float32)
    graph.initializer.append(numpy_helper.from_array(weights, "from_both"))


@pytest.mark.parametrize("change", [lambda _: None, beside_each_other])
def test_captions_of_one_picture_are_those_of_many(
    folder: Path, change: Callable[[onnx.GraphProto], object]
) -> None:
    """Whether the decoder takes one row of memory for several captions, or needs one each."""
    change_graph(folder, "decoder", change)
    bundle = open_bundle(folder)
    together = beam_search(bundle.start(PICTURES), 2, bundle.beam_settings)
    for row, expected in enumerate(together):
        (alone,) = beam_search(bundle.start(PICTURES[row : row + 1]), 1, bundle.beam_settings)
        assert [each.ids for each in alone] == [each.ids for each in expected]


def test_threads_change_no_result(folder: Path) -> None:
    one, two = (
        open_bundle(folder, threads=threads).start(PICTURES)(np.full(2, START), np.arange(2))
        for threads in (1, 2)
    )
    assert one == pytest.approx(two, abs=1e-5)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    message = refusal(tmp_path / "nowhere", BundleMissing)
    assert "nowhere" in message
    assert "set MODEL_DIR" in message


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", MANIFEST])
def test_a_file_that_is_not_there(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name in refusal(folder, BundleMissing)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", MANIFEST])
def test_a_file_that_is_a_folder(folder: Path, name: str) -> None:
    (folder / name).unlink()
    (folder / name).mkdir()
    assert name in refusal(folder)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
@pytest.mark.parametrize("length", [0, -1])
def test_a_file_that_was_cut_off(folder: Path, name: str, length: int) -> None:
    (folder / name).write_bytes((folder / name).read_bytes()[:length])
    assert f"{name} is not the file that model.json describes" in refusal(folder)


def test_a_file_that_is_no_graph(folder: Path) -> None:
    (folder / "decoder.onnx").write_bytes(b"a picture of a cat")
    digest = hashlib.sha256(b"a picture of a cat").hexdigest()
    change_manifest(folder, lambda manifest: manifest["decoder"].update(sha256=digest))
    assert "decoder.onnx cannot be opened by onnxruntime" in refusal(folder)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe"])
def test_a_manifest_that_is_none(folder: Path, content: bytes) -> None:
    (folder / MANIFEST).write_bytes(content)
    assert "model.json" in refusal(folder)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"format": 2}, "format"),
        ({"vocabulary": ["a", "b"]}, "<pad> <start> <end> <unk>"),
        ({"vocabulary": [*WORDS, "a"]}, "twice"),
        ({"resize": []}, "resize"),
        ({"resize": [0]}, "resize"),
        ({"alt_text_threshold": 1.5}, "alt_text_threshold"),
        ({"encoder": {"file": "../encoder.onnx", "sha256": "0" * 64}}, "encoder.file"),
        ({"encoder": {"file": "encoder.onnx", "sha256": "0"}}, "encoder.sha256"),
        ({"cache_shapes": {"cache.state": [-1]}}, "cache_shapes"),
    ],
)
def test_a_manifest_with_a_wrong_value(folder: Path, change: dict[str, Any], named: str) -> None:
    change_manifest(folder, lambda manifest: manifest.update(change))
    assert named in refusal(folder)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("beam_size", 0), ("max_words", 0), ("min_words", -1), ("length_penalty", -1.0)],
)
def test_a_search_that_cannot_be(folder: Path, setting: str, value: float) -> None:
    change_manifest(folder, lambda manifest: manifest["beam"].update({setting: value}))
    assert setting in refusal(folder)


@pytest.mark.parametrize(
    ("graph", "old", "new", "fault"),
    [
        ("encoder", "images", "pixels", "the encoder does not take: images"),
        ("encoder", "memory.seen", "memory.felt", "nothing gives the decoder: memory.seen"),
        ("decoder", "tokens", "words_so_far", "the decoder does not take: tokens"),
        ("decoder", "tokens", "words_so_far", "nothing gives the decoder: words_so_far"),
        ("decoder", "cache.count", "cache.number", "the decoder does not take: cache.count"),
        ("decoder", "log_probs", "logits_", "the decoder does not give: log_probs"),
        (
            "decoder",
            "cache.state.next",
            "cache.state.after",
            "the decoder does not give: cache.state.next",
        ),
    ],
)
def test_graphs_that_do_not_keep_the_contract(
    folder: Path, graph: str, old: str, new: str, fault: str
) -> None:
    change_graph(folder, graph, lambda changed: rename(changed, old, new))
    assert fault in refusal(folder)


def test_a_vocabulary_of_another_size(folder: Path) -> None:
    change_manifest(folder, lambda manifest: manifest["vocabulary"].append("zebra"))
    message = refusal(folder)
    assert f"shape (3, {len(WORDS)})" in message
    assert f"vocabulary of {len(WORDS) + 1} words" in message


def test_a_cache_of_another_shape(folder: Path) -> None:
    change_manifest(
        folder, lambda manifest: manifest["cache_shapes"].update({"cache.count": [3, 2]})
    )
    assert "do not run together" in refusal(folder)


def test_pictures_of_another_size(folder: Path) -> None:
    change_manifest(folder, lambda manifest: manifest.update(resize=[SIDE * 2]))
    assert "do not run together" in refusal(folder)


def test_each_picture_is_encoded_by_itself(folder: Path) -> None:
    def fix_batch(graph: onnx.GraphProto) -> None:
        graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1

    of_any_number = open_bundle(folder).search(PICTURES, BeamSettings())
    change_graph(folder, "encoder", fix_batch)
    assert open_bundle(folder).search(PICTURES, BeamSettings()) == of_any_number


@pytest.mark.parametrize("instead", ["Identity", "Sqrt"])  # plain logits; and not a number
def test_log_probs_that_are_none(folder: Path, instead: str) -> None:
    def change(graph: onnx.GraphProto) -> None:
        (last,) = (node for node in graph.node if node.op_type == "LogSoftmax")
        last.CopyFrom(helper.make_node(instead, ["logits"], ["log_probs"]))

    change_graph(folder, "decoder", change)
    assert "no log-probabilities" in refusal(folder)


@pytest.fixture
def telling(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "telling", telling=True)


def test_an_encoder_tells_what_the_manifest_names(folder: Path, telling: Path) -> None:
    encoded = open_bundle(telling).encode(PICTURES)
    assert encoded.tags.shape == (2, len(TAGS))
    assert encoded.novelty == pytest.approx(PICTURES.mean(axis=(1, 2, 3)) / 255, abs=1e-3)
    silent = open_bundle(folder).encode(PICTURES)
    assert (silent.tags, silent.novelty) == (None, None)


def test_what_is_told_changes_no_caption(folder: Path, telling: Path) -> None:
    said = [
        [found.ranked for found in bundle.search(PICTURES, bundle.beam_settings)]
        for bundle in map(open_bundle, (folder, telling))
    ]
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["tags", "novelty"])
def test_an_encoder_that_does_not_tell_what_the_manifest_names(telling: Path, name: str) -> None:
    change_graph(telling, "encoder", lambda graph: rename(graph, name, "other"))
    assert f"the encoder does not give: {name}" in refusal(telling)


@pytest.mark.parametrize("name", ["tags", "novelty"])
def test_a_confidence_that_reads_what_is_not_told(telling: Path, name: str) -> None:
    change_manifest(telling, lambda manifest: manifest.pop(name))
    assert f"the confidence reads what no picture tells: {name}" in refusal(telling)


@pytest.mark.parametrize(
    ("graph_output", "instead", "fault"),
    [
        ("tags", "scores", "tags are no probabilities of 5 names"),
        ("tags", "memory.seen", "tags are no probabilities of 5 names"),
        ("novelty", "memory.seen", "novelty is not one number a picture"),
    ],
)
def test_an_encoder_that_tells_something_else(
    telling: Path, graph_output: str, instead: str, fault: str
) -> None:
    def swap(graph: onnx.GraphProto) -> None:
        rename(graph, graph_output, "unused")
        del graph.output[[each.name for each in graph.output].index("unused")]
        graph.node.append(helper.make_node("Add", [instead, "least"], [graph_output]))
        least = helper.make_tensor("least", TensorProto.FLOAT, [1], [-2.0])
        graph.initializer.append(least)
        shape = ["n", None]
        given = helper.make_tensor_value_info(graph_output, TensorProto.FLOAT, shape)
        graph.output.append(given)

    change_graph(telling, "encoder", swap)
    assert fault in refusal(telling)


def test_a_confidence_of_unknown_features(telling: Path) -> None:
    change_manifest(telling, lambda manifest: manifest["confidence"].update(features=["mood"]))
    assert "there are no features mood" in refusal(telling)


def test_a_step_may_give_attention_in_place_of_log_probabilities(tmp_path: Path) -> None:
    plain = open_bundle(make_bundle(tmp_path / "plain"))
    telling = open_bundle(make_bundle(tmp_path / "telling", telling=True))
    assert (plain.tells_attention, telling.tells_attention) == (False, True)
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    looking = telling.encode(pictures, output="attention").step
    first = looking(np.array([START, START]), np.arange(2))
    assert first.shape == (2, 4)
    assert first.sum(axis=1) == pytest.approx([1, 1])
    second = looking(np.array([4, 4]), np.array([1, 1]))  # both go on from the second picture
    assert np.array_equal(second[0], second[1])
    assert not np.allclose(second[0], first[1])


@pytest.mark.parametrize(
    ("flags", "has"), [("avx2 avx512_vnni", True), ("avx_vnni", True), ("avx2 fma", False)]
)
def test_a_processor_tells_whether_it_sums_products_exactly(
    tmp_path: Path, flags: str, has: bool
) -> None:
    described = tmp_path / "cpuinfo"
    assert not _has_whole_number_products(described)
    described.write_text(f"flags: {flags}\n")
    assert _has_whole_number_products(described) == has
