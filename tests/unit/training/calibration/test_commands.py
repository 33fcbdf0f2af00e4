"""The commands on a bundle that tells all it can, and pictures of which it describes a part."""

import csv
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from captioner.images import decode
from captioner.model.bundle import open_bundle, read_manifest
from captioner.model.manifest import version_of
from captioner.model.onnx_captioner import OnnxCaptioner
from tests.support.bundles import make_bundle
from tests.support.tiny_dataset import write_flickr8k
from training.calibration import commands
from training.cli import app

SPLITS = {"train": 2, "dev": 30, "test": 10}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give images of which the bundle says what their people say of two in three."""
    folder = tmp_path_factory.mktemp("data")
    captioner = OnnxCaptioner(open_bundle(make_bundle(folder / "bundle", telling=True)))
    (folder / "images").mkdir()
    random = np.random.default_rng(1)
    with (folder / "captions.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "caption", "split"])
        for split, count in SPLITS.items():
            for number in range(count):
                name = f"{split}{number}.png"
                corners = random.integers(0, 256, (2, 2, 3), np.uint8)
                image = Image.fromarray(corners).resize((40, 40), Image.Resampling.NEAREST)
                image.save(folder / "images" / name)
                content = (folder / "images" / name).read_bytes()
                picture = decode(content, max_bytes=2**20, max_pixels=2**20)
                (said,) = captioner.caption([picture])
                table.writerow([name, said.text if number % 3 else "nobody says that", split])
    return folder


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle(tmp_path / "bundle", telling=True)


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


def test_calibrate_writes_confidence_thresholds_and_version(
    data: Path, bundle: Path, tmp_path: Path
) -> None:
    before = read_manifest(bundle)

    told = run("calibrate", "--data", data, "--bundle", bundle, "--runs", tmp_path / "runs")

    after = read_manifest(bundle)
    assert "Of 30 dev captions, 66.7 % are acceptable" in told
    assert after.version in told
    assert after.confidence != before.confidence
    assert after.alt_text_threshold == after.confidence.review_threshold
    assert after.version == version_of(after) != before.version
    fields = ("confidence", "alt_text_threshold", "version")
    unchanged = {name: getattr(before, name) for name in fields}
    assert msgspec.structs.replace(after, **unchanged) == before
    open_bundle(bundle)


def test_calibrating_again_changes_nothing(data: Path, bundle: Path, tmp_path: Path) -> None:
    options = ("--data", data, "--bundle", bundle, "--runs", tmp_path / "runs")
    run("calibrate", *options)
    content = (bundle / "model.json").read_bytes()
    run("calibrate", *options)
    assert (bundle / "model.json").read_bytes() == content


def test_the_report_tells_draws_and_records(data: Path, bundle: Path, tmp_path: Path) -> None:
    options = ("--data", data, "--bundle", bundle, "--runs", tmp_path / "runs")
    before = read_manifest(bundle)

    told = run("calibration-report", *options, "--plot", tmp_path / "plot.png", "--record")

    assert "acceptable: 60.0 % of 10 captions" in told
    assert "area under the ROC curve: " in told
    assert "expected calibration error, 10 bins of equal number: " in told
    assert "for review: " in told
    assert (tmp_path / "plot.png").stat().st_size > 1000
    after = read_manifest(bundle)
    figures = after.metrics[f"confidence_{data.name}_test"]
    assert (figures["images"], figures["acceptable"]) == (10, 60.0)
    assert figures["command"].startswith("python -m training calibration-report")
    assert len(figures["roc_auc"]) == 3
    assert msgspec.structs.replace(after, metrics=before.metrics) == before


def test_agreement_is_measured_on_each_half(tmp_path: Path) -> None:
    folder = write_flickr8k(tmp_path / "flickr8k")
    names = (folder / "Flickr8k_text" / "Flickr_8k.testImages.txt").read_text().split()
    lines = []
    for image in names:
        for author in names:
            alike = sum(part in author for part in image.removesuffix(".jpg").split("_"))
            lines.append(f"{image}\t{author}#0\t{1 + alike}\t{1 + alike}\t{1 + alike}")
    (folder / "Flickr8k_text" / "ExpertAnnotations.txt").write_text("\n".join(lines) + "\n")

    chosen, reported = (
        run("agreement", "--data", folder, "--half", half) for half in ("choosing", "reporting")
    )

    for told in (chosen, reported):
        assert "plain overlap" in told
        assert "Cohen's kappa" in told
    assert chosen != reported


def test_the_table_of_words_is_made_from_train_and_further_captions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_flickr8k(tmp_path / "flickr8k")
    judged = folder / "Flickr8k_text" / "ExpertAnnotations.txt"
    names = (folder / "Flickr8k_text" / "Flickr_8k.testImages.txt").read_text().split()
    pairs = [(one, other) for one in names for other in names]
    scores = ((one, other, 1 + (one[3] == other[3])) for one, other in pairs)
    judged.write_text("".join(f"{one}\t{other}#0\t{each}\n" for one, other, each in scores))
    texts = tmp_path / "texts.tsv"
    texts.write_text("1\ta zebra grazes\n1\tthe zebras\n" * 30)
    table = tmp_path / "vectors.npz"
    monkeypatch.setattr(commands, "VECTORS", table)

    told = run("agreement", "--data", folder, "--write-vectors", "--text", texts)

    assert f"{table.name}: " in told
    with np.load(table) as written:
        assert {"zebra", "circl", "background"} <= set(written["stems"].tolist())


def test_a_half_that_is_none(tmp_path: Path) -> None:
    folder = write_flickr8k(tmp_path / "flickr8k")
    done = CliRunner().invoke(app, ["agreement", "--data", str(folder), "--half", "both"])
    assert done.exit_code == 2
    assert "choosing or reporting" in " ".join(done.output.split())
