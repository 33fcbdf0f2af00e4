"""The search's settings tried on a tiny bundle that talks nonsense."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from captioner.model.bundle import MANIFEST, Bundle, open_bundle
from captioner.model.decoding import BeamSettings
from captioner.model.repetition import Repetition
from tests.support import tiny_dataset
from tests.support.bundles import make_bundle
from training.cli import app
from training.data.datasets import load_dataset
from training.data.pictures import Pictures, prepare_pictures
from training.evaluation.captioning import BundleModel, caption_all
from training.evaluation.tuning import Tried, best_of, searches, try_searches

OWN = BeamSettings(3, length_penalty=1.0, max_words=8, min_words=3)


def test_settings_are_combined_with_the_bundles_own_first() -> None:
    found = searches(OWN, [1, 3], [0.5, 1.0], [3, 8, 9])
    assert found[0] == OWN
    told = [(each.beam_size, each.length_penalty, each.min_words) for each in found]
    assert sorted(told) == sorted(
        (size, penalty, words) for size in (1, 3) for penalty in (0.5, 1.0) for words in (3, 8)
    )
    assert {each.max_words for each in found} == {8}


def test_the_best_has_the_highest_cider_and_of_equals_the_fewest_beams() -> None:
    def tried(size: int, cider: float) -> Tried:
        return Tried(BeamSettings(size), {}, cider, 1.0)

    assert best_of([tried(3, 50.0), tried(2, 51.0), tried(5, 49.0)]).settings.beam_size == 2
    assert best_of([tried(3, 50.0), tried(1, 50.0), tried(5, 50.0)]).settings.beam_size == 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuning")
    make_bundle(folder / "bundle")
    tiny_dataset.write_table(folder / "shapes")
    return folder


@pytest.fixture
def pictures(folder: Path) -> Pictures:
    dataset = load_dataset(folder / "shapes")
    (resize,) = open_bundle(folder / "bundle").manifest.resize
    return prepare_pictures(dataset, folder / "pictures", (resize,), ("dev",))["dev"]


def test_each_search_finds_what_it_would_find_alone_and_pictures_are_encoded_once(
    folder: Path, pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = open_bundle(folder / "bundle")
    own = bundle.beam_settings
    alone = {size: caption_all(BundleModel(bundle, size), pictures).captions for size in (1, 3)}
    encoded = []
    encode = Bundle.encode

    def counted(self: Bundle, rows: np.ndarray, **options: str) -> object:
        encoded.extend(rows)
        return encode(self, rows, **options)

    monkeypatch.setattr(Bundle, "encode", counted)
    tried = try_searches(bundle, pictures, searches(own, [1, 3], [1.0], [own.min_words]))

    assert {each.settings.beam_size: each.captions for each in tried} == alone
    assert len(encoded) == len(pictures.images)
    assert all(each.milliseconds > 0 for each in tried)


def test_the_command_tells_the_best_and_changes_nothing(folder: Path, pictures: Pictures) -> None:
    before = (folder / "bundle" / MANIFEST).read_bytes()
    options: Iterable[object] = (
        "tune", "--data", folder / "shapes", "--bundle", folder / "bundle", "--runs",
        folder / "runs", "--beam-size", 1, "--length-penalty", 0, "--min-words", 3,
    )  # fmt: skip
    done = CliRunner().invoke(app, [str(each) for each in options])
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    for words in ("CIDEr-D", "words", "ms", "│ own │", "│ free │", "│ barred │"):
        assert words in told
    bundle = open_bundle(folder / "bundle")
    own = bundle.beam_settings
    barring = replace(own, repetition=Repetition.of(bundle.vocabulary))
    tried = try_searches(bundle, pictures, [*searches(own, [1], [0.0], [3]), barring])
    best = best_of(tried).settings
    assert (
        f"Best: beam_size = {best.beam_size}, length_penalty = {best.length_penalty:g}, "
        f"min_words = {best.min_words}, bars_repetition = "
        f"{'true' if best.repetition else 'false'}." in told
    )
    assert ("under [beam] of the run's configuration" in told) == (best != own)
    assert (folder / "bundle" / MANIFEST).read_bytes() == before
