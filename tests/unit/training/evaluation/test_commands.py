"""The commands on a tiny bundle that talks nonsense, and a tiny data set."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from captioner.model.bundle import open_bundle
from captioner.model.manifest import read_manifest, write_manifest
from tests.support import tiny_dataset
from tests.support.bundles import make_bundle
from tests.support.documents import ROOT
from training.cli import app

# Of a run whose history is part of the repository.
HISTORY = ROOT / "training" / "results" / "flickr8k-lite2-merge-lstm" / "decoder.csv"


@dataclass(frozen=True)
class Measured:
    """What `evaluate` was asked about, printed and wrote."""

    data: Path
    bundle: Path
    runs: Path
    output: str
    captions: Path
    figures: Path
    report: Path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    folder = tmp_path_factory.mktemp("evaluation")
    data = tiny_dataset.write_table(folder / "shapes")
    bundle = make_bundle(folder / "bundle", telling=True)
    stages = [{"name": "decoder"}, {"name": "another"}]
    training = {"name": HISTORY.parent.name, "stages": stages}
    write_manifest(bundle, msgspec.structs.replace(read_manifest(bundle), training=training))
    kept = folder / "runs" / HISTORY.parent.name / "another" / "history.csv"
    kept.parent.mkdir(parents=True)
    shutil.copy(HISTORY, kept)
    captions, figures = folder / "captions.jsonl", folder / "figures.json"
    report = folder / "report.html"
    result = run(
        "evaluate", "--data", data, "--bundle", bundle, "--runs", folder / "runs", "--record",
        "--save-captions", captions, "--json", figures, "--report", report,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    return Measured(data, bundle, folder / "runs", result.output, captions, figures, report)


def test_a_bundle_is_measured_greedily_and_with_its_own_search(measured: Measured) -> None:
    for told in ("BLEU-4", "METEOR", "CIDEr-D", "greedy", "beam 3", "made up", "ROC", "copied"):
        assert told in measured.output
    names = [json.loads(line)["image"] for line in measured.captions.read_text().splitlines()]
    wanted = [drawing.name for drawing in tiny_dataset.drawings() if drawing.split == "test"]
    assert names == wanted
    assert measured.report.read_text().count('class="looks"') > 0


def test_curves_are_those_of_the_run_or_those_kept_of_it(measured: Measured) -> None:
    report = measured.report.read_text()
    assert "Stage decoder" in report
    assert "Stage another" in report


def test_only_the_split_that_is_measured_is_decoded(measured: Measured) -> None:
    (pictures,) = (measured.runs / "pictures").iterdir()
    assert sorted(path.name for path in pictures.iterdir()) == ["test.json", "test.npy"]


def test_scores_are_recorded_and_the_bundle_stays_as_it_is(measured: Measured) -> None:
    manifest = read_manifest(measured.bundle)
    figures = json.loads(measured.figures.read_text())
    recorded = manifest.metrics["test_beam3"]
    assert recorded["cider"] == round(figures["scores"]["cider"], 2)
    assert recorded["intervals"].keys() > figures["scores"]["intervals"].keys()
    assert recorded["distinct_captions"] == figures["diversity"]["distinct_captions"]
    assert recorded["command"].startswith("python -m training evaluate --bundle ")
    assert recorded["made_up"] == round(100 * figures["objects"]["made_up"]["value"], 2)
    assert recorded["intervals"]["made_up_surest"][0] <= recorded["made_up_surest"]
    assert "test_beam1" in manifest.metrics
    assert open_bundle(measured.bundle).manifest == manifest


def test_captions_of_a_file_are_measured_as_those_of_a_bundle(
    measured: Measured, tmp_path: Path
) -> None:
    again = tmp_path / "again.json"
    result = run("evaluate", "--data", measured.data, "--captions", measured.captions,
                 "--json", again)  # fmt: skip
    assert result.exit_code == 0, result.output
    first, second = (json.loads(path.read_text()) for path in (measured.figures, again))
    assert second.pop("captioner") == "captions"
    first.pop("captioner")
    assert first.pop("bytes") == sum(file.stat().st_size for file in measured.bundle.glob("*.onnx"))
    assert second == first


def test_people_are_measured_by_one_caption_against_the_others(
    measured: Measured, tmp_path: Path
) -> None:
    figures, saved = tmp_path / "people.json", tmp_path / "people.jsonl"
    result = run("evaluate", "--data", measured.data, "--people", "--json", figures,
                 "--save-captions", saved)  # fmt: skip
    assert result.exit_code == 0, result.output
    told = json.loads(figures.read_text())
    assert told["captioner"] == "people"
    assert "bytes" not in told
    firsts = {drawing.name: drawing.captions[0] for drawing in tiny_dataset.drawings()}
    for line in map(json.loads, saved.read_text().splitlines()):
        assert line["caption"] == firsts[line["image"]]


def test_two_captioners_are_compared(measured: Measured, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in measured.captions.read_text().splitlines()]
    better = tmp_path / "better.jsonl"
    captions = {drawing.name: drawing.captions[0] for drawing in tiny_dataset.drawings()}
    better.write_text(
        "\n".join(json.dumps({**line, "caption": captions[line["image"]]}) for line in lines)
    )
    report = tmp_path / "comparison.html"
    result = run("compare", measured.bundle, better, "--data", measured.data,
                 "--runs", measured.runs, "--report", report)  # fmt: skip
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.output.splitlines() if "CIDEr-D" in line]
    assert " +" in row
    assert "0.000" in row
    assert "better is ahead" in report.read_text()


def test_metrics_that_do_not_give_the_known_scores_fail_the_check(tmp_path: Path) -> None:
    result = run("check-metrics", "--data", tiny_dataset.write_flickr8k(tmp_path / "shapes"))
    assert result.exit_code == 1
    assert "one sentence for every image: cider is " in result.output
    assert "not 12.42." in " ".join(result.output.split())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--record", "--captions", "some.jsonl"), "--record is for the scores of a bundle"),
        (("--config", "some.toml", "--captions", "some.jsonl"), "choose one"),
        (("--people", "--record"), "--record is for the scores of a bundle"),
        (("--people", "--captions", "some.jsonl"), "choose one"),
        (("--split", "train"), "the split is dev or test"),
    ],
)
def test_options_that_do_not_go_together(
    measured: Measured, options: tuple[str, ...], message: str
) -> None:
    result = run("evaluate", "--data", measured.data, *options)
    assert result.exit_code == 2
    assert message in result.output
