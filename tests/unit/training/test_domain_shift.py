"""The collection with a look and a language of its own, made of the tiny data set."""

import sys
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from tests.support import tiny_dataset
from training import domain_shift
from training.data.datasets import load_dataset
from training.domain_shift import catalogued

SIZES = {"train": 20, "dev": 6, "test": 9}


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain_shift, "_SHARES", tuple(SIZES.items()))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data set, with its images in a folder of `images`."""
    folder = tiny_dataset.write_table(tmp_path / "shapes")
    (folder / "images").rename(folder / "attic")
    (folder / "images").mkdir()
    (folder / "attic").rename(folder / "images" / "attic")
    header, *rows = (folder / "captions.csv").read_text().splitlines()
    (folder / "captions.csv").write_text("\n".join([header, *(f"attic/{row}" for row in rows)]))
    return folder


def run(monkeypatch: pytest.MonkeyPatch, data: Path, out: Path) -> int:
    """Call the command as a terminal does; give its exit status."""
    monkeypatch.setattr(sys, "argv", ["domain_shift", "--data", str(data), "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        domain_shift.main()
    return ended.value.code


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        ("A black and brown dog runs .", "Photograph of a dark hound runs."),
        ("There is a man on a bike", "Photograph of a gentleman on a velocipede."),
        ("A car on an orange street", "Photograph of an automobile on a pale thoroughfare."),
    ],
)
def test_captions_become_a_cataloguers(plain: str, expected: str) -> None:
    assert catalogued(plain) == expected


def test_prints_and_their_captions_are_a_data_set(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(monkeypatch, data, tmp_path / "prints") == 0
    made, source = load_dataset(tmp_path / "prints"), load_dataset(data)
    splits = [made.train, made.dev, made.test]
    assert [len(each) for each in splits] == [*SIZES.values()]
    captions = {image.name: image.captions for image in source.train}
    for image in (image for split in splits for image in split):
        assert image.name.startswith("attic/")
        assert image.captions == tuple(map(catalogued, captions[image.name]))
        with Image.open(image.path) as opened:
            colours = (rgb for _, rgb in opened.convert("RGB").getcolors(2**16))
            assert all(low >= high - 12 for rgb in colours for low, high in pairwise(rgb))


def test_faults_are_told_in_a_sentence(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def told(folder: Path) -> str:
        assert run(monkeypatch, folder, tmp_path / "prints") == 1
        return " ".join(capsys.readouterr().err.split())

    assert told(tmp_path / "[nowhere]") == f"There is no folder {tmp_path}/[nowhere]."
    damaged = load_dataset(data).train[0].path
    damaged.write_bytes(damaged.read_bytes()[:300])
    monkeypatch.setattr(domain_shift, "_SHARES", (("train", 40),))
    assert f"{damaged} cannot be printed, take it out: " in told(data)
    monkeypatch.setattr(domain_shift, "_SHARES", (("train", 41),))
    assert "41 prints are made of images in the train split, and it has 40" in told(data)
