"""The table of measured runs, from histories and scores made up for the test."""

import json
from pathlib import Path

import msgspec
import pytest

from captioner.model.bundle import MANIFEST, read_manifest
from scripts.errors import SetupError
from scripts.runs import runs_table
from tests.support.bundles import make_bundle
from tests.support.tiny_run import configuration

SCORES = dict.fromkeys(("bleu_1", "bleu_4", "meteor", "rouge_l"), 20.04) | {
    "cider": 46.83,
    "intervals": {"cider": [43.99, 49.98]},
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the results of two runs beside their configurations, and a bundle that ships."""
    make_bundle(tmp_path / "models")
    (tmp_path / "configs").mkdir()
    for kind, ciders in (("merge-lstm", (40.0, 44.38, 43.0)), ("attention-lstm", (46.5, 46.84))):
        (tmp_path / "configs" / f"{kind}.toml").write_text(configuration(kind, f"a-{kind}"))
        history = tmp_path / f"a-{kind}" / "decoder.csv"
        history.parent.mkdir()
        rows = (f"{epoch},1.0,{cider}" for epoch, cider in enumerate(ciders, 1))
        history.write_text("\n".join(["epoch,loss,dev_cider", *rows]) + "\n")
    return tmp_path


def rows(root: Path) -> list[list[str]]:
    table = runs_table(root.glob("a-*/*.csv"), root / "configs", root / "models")
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.splitlines()[2:]]


def test_runs_are_told_with_their_parts_best_first(root: Path) -> None:
    first, second = rows(root)
    assert first[:4] == [
        "efficientnet-lite0, 64 pixels",
        "attention-lstm, width 64",
        "",
        "decoder 46.8",
    ]
    assert second[1:4] == ["merge-lstm, width 64", "", "decoder 44.4"]
    assert second[-1] == "`--config training/configs/merge-lstm.toml`"
    assert not any(first[4:-1])


def test_a_run_with_tags_is_told(root: Path) -> None:
    config = root / "configs" / "attention-lstm.toml"
    config.write_text(config.read_text() + "\n[tags]\nslots = 8\n")
    first, second = rows(root)
    assert (first[2], second[2]) == ("yes", "")


def test_what_was_measured_on_test_is_told_with_its_size(root: Path) -> None:
    told = {"scores": SCORES, "bytes": 3 * 2**20}
    (root / "a-merge-lstm" / "test.json").write_text(json.dumps(told))
    measured = ["20.0", "20.0", "20.0", "20.0", "46.8 (44.0 to 50.0)", "", "3.0 MiB"]
    assert rows(root)[1][4:-1] == measured


def test_what_was_measured_on_coco_has_its_place(root: Path) -> None:
    told = {"scores": {**SCORES, "cider": 33.7}, "bytes": 3 * 2**20}
    (root / "a-merge-lstm" / "coco_dev.json").write_text(json.dumps(told))
    assert rows(root)[1][-4:-1] == ["", "33.7 (44.0 to 50.0)", ""]


def test_the_bundle_that_ships_tells_its_own(root: Path) -> None:
    manifest = read_manifest(root / "models")
    metrics = {
        "test_beam1": {},
        "test_beam3": {**SCORES, "cider": 61.1},
        "coco_dev_test_beam3": {"cider": 33.7},
    }
    shipped = msgspec.structs.replace(manifest, name="a-merge-lstm", metrics=metrics)
    (root / "models" / MANIFEST).write_bytes(msgspec.json.encode(shipped))
    assert rows(root)[1][-4:-1] == ["61.1 (44.0 to 50.0)", "33.7", "0.0 MiB"]


def test_a_run_without_its_configuration_is_told(root: Path) -> None:
    (root / "configs" / "merge-lstm.toml").unlink()
    with pytest.raises(SetupError, match="is named a-merge-lstm: keep those of the runs"):
        rows(root)


def test_a_stage_without_its_history_is_asked_for(root: Path) -> None:
    history = root / "a-merge-lstm" / "decoder.csv"
    history.rename(history.with_name("another.csv"))
    with pytest.raises(SetupError, match=r"copy runs/a-merge-lstm/decoder/history\.csv to"):
        rows(root)
