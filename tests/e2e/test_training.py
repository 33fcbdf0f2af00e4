"""The training commands on a tiny data set: from drawings to a bundle that captions them."""

import csv
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper
from PIL import Image

from captioner.images import decode
from captioner.model.bundle import Bundle, open_bundle, read_manifest
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.model.preprocessing import encoder_input
from captioner.model.vocabulary import text_of
from tests.support import tiny_dataset, tiny_run
from tests.support.tiny_run import EPOCHS, SIDE
from tests.support.waiting import wait_for
from training import cli
from training import export as exporting
from training.config import load_config
from training.data.datasets import load_dataset
from training.data.pairs import read_pairs
from training.export import DevPictures, ExportError
from training.metrics import cider
from training.model import CaptionModel
from training.restore import restore
from training.samples import free_photographs
from training.searching import search_bundle
from training.storage import store_decoder
from training.train import trained_model
from training.workspace import Workspace, open_workspace

# Keras reads and writes its files through an interface that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

# The transformer reads tags: it learns from captions without pictures first, and once from both.
TEXT = """
[tags]
from_block = 15
text_min_count = 2
[[stages]]
name = "text"
epochs = 1
learning_rate = 1e-3
images_per_step = 0
texts_per_step = 4
"""
TAIL = """
[[stages]]
name = "tail"
epochs = 1
learning_rate = 5e-4
warmup_steps = 0
ema_momentum = 0.5
images_per_step = 8
texts_per_step = 2
blind = 0.1
encoder_from_block = 15
"""


@dataclass(frozen=True)
class Run:
    """One configuration, trained and exported; `resumed` is what the last command printed."""

    kind: str
    data: Path
    config: Path
    runs: Path
    bundle: Path
    history_at_kill: list[dict[str, str]]
    resumed: str

    def history(self, stage: str = "decoder") -> list[dict[str, str]]:
        return rows_of(self.runs / self.kind / stage / "history.csv")


def rows_of(history: Path) -> list[dict[str, str]]:
    if not history.is_file():
        return []
    with history.open(newline="") as file:
        return list(csv.DictReader(file))


def command(name: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "training", name, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run_command(name: str, *arguments: object, status: int = 0) -> str:
    with command(name, *arguments) as process:
        output, _ = process.communicate()
    assert process.returncode == status, output
    return output


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_dataset.write_table(tmp_path_factory.mktemp("data") / "shapes")


@pytest.fixture(scope="module", params=tiny_run.SETTINGS)
def run(
    request: pytest.FixtureRequest, data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Run:
    """Prepare, train and export; the transformer's run is killed on its way."""
    kind = request.param
    folder = tmp_path_factory.mktemp(kind)
    config, runs, bundle = folder / "config.toml", folder / "runs", folder / "bundle"
    text = tiny_run.configuration(kind)
    options = ("--data", data, "--config", config, "--runs", runs)
    texts: tuple[object, ...] = ()
    if kind == "transformer":
        texts = ("--text", tiny_dataset.write_texts(folder / "texts.tsv"))
        head, stages = text.split("[[stages]]")
        text = f"{head}{TEXT}[[stages]]{stages}{TAIL}"
    config.write_text(text)
    assert "train: 40 pictures, 200 captions" in run_command("prepare", *options, *texts)
    at_kill: list[dict[str, str]] = []
    if kind == "transformer":
        history = runs / kind / "decoder" / "history.csv"
        with command("train", *options, *texts) as process:
            # The second epoch's row: the first epoch is backed up by then.
            wait_for(lambda: len(rows_of(history)) >= 2, "two epochs", deadline_s=300)
            process.send_signal(signal.SIGKILL)
            process.communicate()
        at_kill = rows_of(history)
    output = run_command("train", *options, *texts, "--threads", "2")
    cli.app(["export", *map(str, options), "--bundle", str(bundle)], standalone_mode=False)
    return Run(kind, data, config, runs, bundle, at_kill, output)


@pytest.fixture(scope="module")
def workspace(run: Run) -> Workspace:
    return open_workspace(load_config(run.config), load_dataset(run.data), run.runs)


@pytest.fixture(scope="module")
def model(workspace: Workspace) -> CaptionModel:
    return trained_model(workspace)


@pytest.fixture
def restored(model: CaptionModel) -> Iterator[CaptionModel]:
    """The model, whose weights a test may change."""
    weights = model.get_weights()
    yield model
    model.set_weights(weights)


@pytest.fixture
def bundle(run: Run) -> Bundle:
    return open_bundle(run.bundle)


def dev_pictures(workspace: Workspace) -> DevPictures:
    return DevPictures(workspace.pictures["dev"].pixels, workspace.references("dev"))


def best_constant(references: dict[str, tuple[str, ...]]) -> float:
    """Give the CIDEr of saying of every picture what suits them all best."""
    sentences = {caption for captions in references.values() for caption in captions}
    return max(cider(references, dict.fromkeys(references, caption)) for caption in sentences)


def test_it_learns_to_tell_what_it_sees(run: Run, workspace: Workspace) -> None:
    scores = [float(row["dev_cider"]) for row in run.history()]
    losses = [float(row["loss"]) for row in run.history()]
    assert losses[-1] < losses[0] / 1.5
    assert max(scores) > 1.2 * best_constant(workspace.references("dev"))
    assert (run.runs / run.kind / "decoder" / "history.png").stat().st_size > 5000


def test_a_killed_run_goes_on_where_it_was(run: Run) -> None:
    if run.kind != "transformer":
        assert not run.history_at_kill
        return
    assert 2 <= len(run.history_at_kill) < EPOCHS, "killed too late to prove anything"
    assert [row["epoch"] for row in run.history()] == [str(epoch) for epoch in range(1, EPOCHS + 1)]
    backed_up = len(run.history_at_kill) - 1
    assert run.history()[:backed_up] == run.history_at_kill[:backed_up]
    decoder, _, _ = run.resumed.partition("stage tail")
    assert f"Epoch 1/{EPOCHS}" not in decoder
    assert f"Epoch {EPOCHS}/{EPOCHS}" in decoder
    assert len(run.history("tail")) == 1


def test_the_app_says_what_was_measured(workspace: Workspace, bundle: Bundle) -> None:
    """The app's way to a caption, from the file on, gives the captions that training scores."""
    images = workspace.pictures["test"].images
    pictures = [
        decode(image.path.read_bytes(), max_bytes=2**20, max_pixels=2**20) for image in images
    ]
    found = search_bundle(bundle, workspace.pictures["test"].pixels)
    expected = [text_of(workspace.vocabulary.decode(each.ranked[0].ids)) for each in found]
    captions = OnnxCaptioner(bundle).caption(pictures)
    assert [caption.text for caption in captions] == expected
    assert len(set(expected)) > 3


def test_the_bundle_tells_how_it_was_made(run: Run, bundle: Bundle, workspace: Workspace) -> None:
    manifest = bundle.manifest
    assert manifest.name == run.kind
    assert manifest.training["seed"] == 1
    assert manifest.data["images"] == tiny_dataset.SPLIT_SIZES
    last_stage = "tail" if run.kind == "transformer" else "decoder"
    scores = [float(row["dev_cider"]) for row in run.history(last_stage)]
    assert manifest.metrics["dev_cider"]["fp32"] == pytest.approx(max(scores), abs=0.1)
    found = search_bundle(bundle, dev_pictures(workspace).pictures)
    threshold = np.quantile([each.ranked[0].mean_probability for each in found], 0.2)
    assert manifest.alt_text_threshold == pytest.approx(threshold, abs=1e-3)


def test_the_bundle_tells_what_it_recognises(run: Run, bundle: Bundle) -> None:
    manifest = bundle.manifest
    if run.kind != "transformer":
        assert not manifest.told
        return
    assert manifest.told == ("tags", "novelty")
    assert set(tiny_dataset.ANIMALS) <= set(manifest.tags.names)
    assert manifest.tags.threshold == 1  # no dev picture shows one, so none will be told
    assert set(manifest.metrics["dev_tags"]) == {"threshold", "f1", "precision", "recall"}
    photographs = {each.path.stem: each.path for each in free_photographs()}
    pictures = [
        decode(photographs[name].read_bytes(), max_bytes=2**22, max_pixels=2**20)
        for name in ("chelsea", "coffee")
    ]
    cat, coffee = OnnxCaptioner(bundle).caption(pictures)
    assert min(cat.novelty, coffee.novelty) > manifest.novelty.threshold  # they are no drawings
    chances = bundle.encode(encoder_input([each.image for each in pictures], (SIDE,))).tags
    place = manifest.tags.names.index("cat")
    assert chances[0, place] > chances[1, place]


def test_every_matrix_of_the_decoder_is_in_eight_bits(model: CaptionModel, tmp_path: Path) -> None:
    exporting._convert(model, tmp_path / "plain")
    store_decoder(tmp_path / "plain" / "decoder.onnx", tmp_path / "decoder.onnx")

    graph = onnx.load(tmp_path / "decoder.onnx").graph

    weights = {each.name for each in graph.initializer}
    products = [node for node in graph.node if node.op_type in ("MatMul", "Gemm")]
    assert not any(weights.intersection(node.input) for node in products)
    assert any(node.op_type == "MatMulNBits" for node in graph.node)


def test_scores_are_recorded_with_the_command_that_gives_them(run: Run, tmp_path: Path) -> None:
    captions = tmp_path / "captions.jsonl"
    before = read_manifest(run.bundle)
    output = run_command(
        "evaluate", "--data", run.data, "--bundle", run.bundle, "--runs", run.runs,
        "--record", "--save-captions", captions,
    )  # fmt: skip
    for measure in ("BLEU-4", "METEOR", "ROUGE-L", "CIDEr", "greedy", "beam 3"):
        assert measure in output
    after = read_manifest(run.bundle)
    recorded = after.metrics["test_beam3"]
    assert recorded["command"].startswith("python -m training evaluate ")
    # What is shown has one digit, what is recorded two; each is rounded by itself.
    shown = re.findall(r"([0-9.]+) \(([0-9.]+) to ([0-9.]+)\)", output)
    expected = pytest.approx((recorded["cider"], *recorded["intervals"]["cider"]), abs=0.06)
    assert any(tuple(map(float, each)) == expected for each in shown)
    assert after.metrics["dev_cider"] == before.metrics["dev_cider"]
    assert (after.version, after.decoder) == (before.version, before.decoder)
    lines = [json.loads(line) for line in captions.read_text().splitlines()]
    names = [each.name for each in tiny_dataset.drawings() if each.split == "test"]
    assert [line["image"] for line in lines] == names
    assert open_bundle(run.bundle).manifest == after


def test_the_keras_run_is_measured_too(run: Run, tmp_path: Path) -> None:
    figures, report = tmp_path / "figures.json", tmp_path / "report.html"
    run_command(
        "evaluate", "--data", run.data, "--config", run.config, "--runs", run.runs,
        "--split", "dev", "--json", figures, "--report", report,
    )  # fmt: skip
    told = json.loads(figures.read_text())
    assert told["captioner"] == f"{run.kind} in Keras, beam 3"
    last_stage = "tail" if run.kind == "transformer" else "decoder"
    best = max(float(row["dev_cider"]) for row in run.history(last_stage))
    assert told["scores"]["cider"] == pytest.approx(best, abs=0.1)
    page = report.read_text()
    assert f"Stage {last_stage}" in page
    assert ('class="looks"' in page) == (run.kind != "merge-lstm")  # which looks at no patches


def test_a_stage_of_the_run_is_measured_on_other_data(run: Run, tmp_path: Path) -> None:
    figures = tmp_path / "figures.json"
    elsewhere = tiny_dataset.write_to_measure_on(tmp_path / "elsewhere")
    run_command(
        "evaluate", "--data", elsewhere, "--learnt-from", run.data, "--config", run.config,
        "--stage", "decoder", "--runs", run.runs, "--json", figures,
    )  # fmt: skip
    told = json.loads(figures.read_text())
    assert told["scores"]["images"] == len(list((elsewhere / "images").iterdir()))
    assert told["diversity"]["copied"] is not None


def test_a_sheet_shows_pictures_with_their_captions(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "sheet.jpg"
    output = run_command(
        "sheet", "--out", out, "--bundle", run.bundle, "--data", run.data, "--count", 4
    )
    assert "4 pictures" in output
    with Image.open(out) as sheet:
        assert sheet.width > 4 * 320


def refused(workspace: Workspace, model: CaptionModel, folder: Path) -> str:
    """Export into a folder where a bundle is already; give why that failed."""
    folder.mkdir()
    (folder / "model.json").write_text("the bundle that was there")
    with pytest.raises(ExportError) as caught:
        exporting.export(model, workspace, dev_pictures(workspace), folder)
    assert [path.name for path in folder.iterdir()] == ["model.json"]
    assert (folder / "model.json").read_text() == "the bundle that was there"
    return caught.value.message


def after(function: Callable[..., object], then: Callable[..., None]) -> Callable[..., object]:
    def both(*arguments: object, **options: object) -> object:
        result = function(*arguments, **options)
        then(*arguments, **options)
        return result

    return both


def test_graphs_that_differ_from_keras_are_not_shipped(
    workspace: Workspace,
    restored: CaptionModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nudge(model: CaptionModel, _: Path) -> None:
        ends = ("decoder/bias", "classify/bias")  # of the words' logits
        (bias,) = (weight for weight in model.decoder.weights if weight.path.endswith(ends))
        bias.assign_add(np.linspace(0, 0.01, bias.shape[0]))

    monkeypatch.setattr(exporting, "_convert", after(exporting._convert, nudge))
    assert "differs from Keras" in refused(workspace, restored, tmp_path / "bundle")


def test_storage_that_costs_too_much_is_not_shipped(
    workspace: Workspace, model: CaptionModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(_: Path, target: Path) -> None:
        graph = onnx.load(target)
        for each in graph.graph.initializer:
            if each.name.endswith("_scales"):
                scales = numpy_helper.to_array(each)
                each.CopyFrom(numpy_helper.from_array(scales * 0.1, each.name))
        target.write_bytes(graph.SerializeToString())

    monkeypatch.setattr(exporting, "store_decoder", after(exporting.store_decoder, spoil))
    manifest = exporting.export(model, workspace, dev_pictures(workspace), tmp_path / "bundle")

    graph = onnx.load(tmp_path / "bundle" / "decoder.onnx").graph
    assert not any(node.op_type == "MatMulNBits" for node in graph.node)
    scores = manifest.metrics["dev_cider"]
    assert scores["shipped"] == scores["fp32"]


def test_captions_that_depend_on_their_batch_are_not_shipped(
    workspace: Workspace, bundle: Bundle
) -> None:
    pictures = dev_pictures(workspace).pictures
    found = search_bundle(bundle, pictures)
    exporting._check_batch_independence(bundle, pictures, found)
    with pytest.raises(ExportError, match="captions depend on the other pictures"):
        exporting._check_batch_independence(bundle, pictures, [*found[1:], found[0]])
    told = {} if found[0].tags is None else {"tags": 0.01 + found[0].tags}
    told |= {} if found[0].novelty is None else {"novelty": 0.01 + found[0].novelty}
    for name, changed in told.items():
        others = [replace(found[0], **{name: changed}), *found[1:]]
        with pytest.raises(ExportError, match=f"told as {name} depends on the other pictures"):
            exporting._check_batch_independence(bundle, pictures, others)


def test_a_run_is_not_gone_on_with_under_another_configuration(run: Run, tmp_path: Path) -> None:
    changed = tmp_path / "config.toml"
    changed.write_text(run.config.read_text().replace("warmup_steps = 10", "warmup_steps = 11"))
    output = run_command(
        "train", "--data", run.data, "--config", changed, "--runs", run.runs, status=1
    )
    assert "was begun with another configuration" in " ".join(output.split())
    assert "Traceback" not in output


LESSON = """
min_count = 2
replayed = 1.0
rehearsed = 0.25
[stage]
name = "house-style"
epochs = 16
learning_rate = 2e-3
warmup_steps = 10
ema_momentum = 0.8
patience = 6
images_per_step = 4
"""
HOUSE_STYLE = {"circle": "disc", "square": "block", "triangle": "wedge", "background": "wall"}


def write_in_house_style(data: Path, table: Path) -> Path:
    """Write the data set's captions in another house's words; gives `table`."""
    lines = []
    for pair in read_pairs(data / "captions.csv"):
        caption = " ".join(HOUSE_STYLE.get(word, word) for word in pair.caption.split())
        lines.append(f"{pair.image},{caption},{pair.said_split}\n")
    table.write_text("image,caption,split\n" + "".join(lines))
    return table


@pytest.mark.parametrize("run", ["transformer"], indirect=True, scope="module")
def test_a_bundle_is_taught_another_houses_words(run: Run, tmp_path: Path) -> None:
    """From the bundle alone; what is taught can be taught again."""
    table = write_in_house_style(run.data, tmp_path / "house.csv")
    (tmp_path / "lesson.toml").write_text(LESSON)
    before, taught = read_manifest(run.bundle), tmp_path / "taught"
    output = run_command(
        "finetune", "--from", run.bundle, "--captions", table, "--images", run.data / "images",
        "--config", tmp_path / "lesson.toml", "--runs", tmp_path / "runs", "--out", taught,
    )  # fmt: skip
    assert "4 new words" in output
    assert read_manifest(run.bundle) == before
    after = read_manifest(taught)
    assert after.vocabulary[: len(before.vocabulary)] == before.vocabulary
    assert {*after.vocabulary} - {*before.vocabulary} == {*HOUSE_STYLE.values()}
    assert after.data["taught_before"]["version"] == before.version
    scores = after.metrics["finetune"]["house, test split"]
    assert scores["after"]["cider"] > scores["before"]["cider"] + 20

    pixels = np.load(next((tmp_path / "runs").rglob("test.npy")))
    bundle = open_bundle(taught)
    found = search_bundle(bundle, pixels)
    said = [text_of(bundle.vocabulary.decode(each.ranked[0].ids)) for each in found]
    in_style = [bool({*caption.split()} & {*HOUSE_STYLE.values()}) for caption in said]
    assert sum(in_style) >= 8
    assert restore(taught, pixels).config.stages[-1].name == "house-style"
