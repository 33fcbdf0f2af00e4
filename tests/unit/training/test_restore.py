"""A bundle gives back the model that it was made of, whichever decoder that has."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from captioner.model.manifest import MANIFEST
from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary
from tests.support.tiny_export import write_bundle
from tests.support.tiny_model import SIDE, SIZES, TAGS, randomise, tiny_config, use_tiny_encoders
from training.model import CaptionModel, build_model
from training.restore import RestoreError, restore
from training.workspace import Workspace

# Keras gives its variables to numpy through an interface that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

WORDS = ("a", "circle", "square", "red", "on", "dog", "cat", "zebra")
TAGGED = ("cat", "dog", "zebra")
PICTURES = np.random.default_rng(0).integers(0, 256, (4, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
        yield


@pytest.fixture(scope="module", params=[*SIZES, "tags"])
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CaptionModel, Path]:
    folder = tmp_path_factory.mktemp(request.param)
    vocabulary = Vocabulary((*SPECIAL_WORDS, *WORDS))
    config, tags = tiny_config(tags=TAGS), {word: vocabulary.id_of(word) for word in TAGGED}
    if request.param != "tags":
        config, tags = tiny_config(request.param), {}
    model = build_model(config, len(vocabulary), tags)
    randomise(model)
    if tags:  # of chances alone can there be logarithms
        model.recogniser.words.assign(np.eye(*model.recogniser.words.shape))
    workspace = Workspace(config, folder, "shapes", {}, vocabulary, tags=tags)
    return model, write_bundle(model, workspace, folder)


def test_the_model_comes_back(made: tuple[CaptionModel, Path]) -> None:
    model, folder = made
    restored = restore(folder, PICTURES)
    tokens = np.arange(12, dtype=np.int32).reshape(4, 1, 3)
    inputs = {"pictures": PICTURES, "tokens": tokens}
    expected, found = (np.asarray(each(inputs)) for each in (model, restored.model))
    assert found == pytest.approx(expected, abs=0.05 * float(np.abs(expected).max()))
    assert restored.config.decoder.sizes == SIZES[restored.config.decoder.kind]


def rewrite(folder: Path, copy: Path, **changes: Any) -> Path:
    copy.mkdir()
    for name in ("encoder.onnx", "decoder.onnx"):
        (copy / name).write_bytes((folder / name).read_bytes())
    manifest = json.loads((folder / MANIFEST).read_text())
    kept = {name: value for name, value in {**manifest, **changes}.items() if value is not None}
    (copy / MANIFEST).write_text(json.dumps(kept))
    return copy


def test_bundles_that_do_not_tell_enough_are_refused(
    made: tuple[CaptionModel, Path], tmp_path: Path
) -> None:
    _, folder = made
    silent = rewrite(folder, tmp_path / "silent", training=None)
    with pytest.raises(RestoreError, match="tells no training configuration"):
        restore(silent, PICTURES)
    odd = rewrite(folder, tmp_path / "odd", training={"name": "tiny"})
    with pytest.raises(RestoreError, match=r"is not one that is known here: .* `data`"):
        restore(odd, PICTURES)


def reseal(folder: Path, graph: onnx.ModelProto) -> None:
    content = graph.SerializeToString()
    (folder / "decoder.onnx").write_bytes(content)
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["decoder"]["sha256"] = hashlib.sha256(content).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))


def test_graphs_without_a_note_are_refused(made: tuple[CaptionModel, Path], tmp_path: Path) -> None:
    _, folder = made
    copy = rewrite(folder, tmp_path / "copy")
    graph = onnx.load(copy / "decoder.onnx")
    del graph.metadata_props[:]
    reseal(copy, graph)
    with pytest.raises(RestoreError, match=r"does not tell where \d+ of its weights are"):
        restore(copy, PICTURES)


def test_a_model_that_says_something_else_is_refused(
    made: tuple[CaptionModel, Path], tmp_path: Path
) -> None:
    """As where the note is of other weights than the graph's."""
    _, folder = made
    copy = rewrite(folder, tmp_path / "copy")
    graph = onnx.load(copy / "decoder.onnx")
    note = next(each for each in graph.metadata_props if each.key == "weights")
    places = json.loads(note.value)
    bias = next(name for name in places if "decoder/bias" in name or "classify/bias" in name)
    words = next(each for each in graph.graph.initializer if each.name == places[bias][0][0])
    values = onnx.numpy_helper.to_array(words)[::-1].copy()
    graph.graph.initializer.append(onnx.numpy_helper.from_array(values, "another"))
    places[bias] = [["another", [0]]]
    note.value = json.dumps(places)
    reseal(copy, graph)
    with pytest.raises(RestoreError, match="does not say what the bundle says"):
        restore(copy, PICTURES)
