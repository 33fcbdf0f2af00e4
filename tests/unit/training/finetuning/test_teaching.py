"""A bundle is taught from itself alone, and tells of its successor what is true of it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from captioner.model.bundle import open_bundle, read_manifest
from captioner.model.confidence import Calibration
from captioner.model.manifest import NoveltyLimit, TagNames, write_manifest
from tests.support import tiny_dataset
from tests.support.tiny_export import write_bundle
from tests.support.tiny_model import TAGS, randomise, tiny_config, use_tiny_encoders
from training import export as exporting
from training.config import Stage, TrainingConfig
from training.data.datasets import CaptionDataset, load_dataset
from training.finetuning.settings import FinetuneConfig
from training.finetuning.teaching import Taught, teach
from training.metrics import meteor
from training.model import CaptionModel, build_model
from training.restore import restore
from training.searching import search_bundle
from training.workspace import WorkspaceError, open_workspace

# Keras gives its variables to numpy through an interface that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

LESSON = FinetuneConfig(
    min_count=2,
    replayed=0.5,
    rehearsed=0.25,
    stage=Stage(
        name="lesson", epochs=2, learning_rate=1e-2, warmup_steps=0, ema_momentum=0.5, flips=False
    ),
)
CALIBRATION = Calibration(
    features=("mean_log_prob", "tag_support"),
    means=(-1.0, -3.0),
    scales=(0.5, 1.0),
    weights=(1.0, 0.5),
    intercept=0.2,
    review_threshold=0.1,
)


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    fit = CaptionModel.fit

    def quietly(self: CaptionModel, *arguments: Any, **options: Any) -> Any:
        return fit(self, *arguments, **options | {"verbose": 0})

    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
        patch.setattr(CaptionModel, "fit", quietly)
        # Of a model so small, that has learnt so little, 8 bits change captions.
        patch.setattr(exporting, "LARGEST_CIDER_LOSS", 100)
        # Java takes seconds to start, each of six times; what it tells is not looked at here.
        patch.setattr(meteor, "statistics", lambda _, given: np.ones((len(given), meteor.COLUMNS)))
        yield


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> CaptionDataset:
    return load_dataset(tiny_dataset.write_table(tmp_path_factory.mktemp("data") / "shapes"))


@pytest.fixture(scope="module")
def house(shapes: CaptionDataset) -> CaptionDataset:
    """The same pictures, as another house says it."""

    def restyled(images: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(
            replace(
                each, captions=tuple(text.replace("circle", "disc") for text in each.captions[:2])
            )
            for each in images
        )

    parts = {split: restyled(shapes.split(split)) for split in ("train", "dev", "test")}
    return replace(shapes, name="house", **parts)


@dataclass(frozen=True)
class Lesson:
    source: Path
    out: Path
    runs: Path
    taught: Taught


def write_source(
    config: TrainingConfig, dataset: CaptionDataset, folder: Path, recipe: TrainingConfig
) -> Path:
    """Write a bundle of random weights that tells `recipe` as its configuration."""
    workspace = open_workspace(config, dataset, folder / "runs")
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    words = model.recogniser.words.numpy() if model.recogniser else None
    randomise(model)
    if words is not None:  # each class is some tag or none
        model.recogniser.words.assign(words)
    source = write_bundle(model, workspace, folder / "source")
    manifest = read_manifest(source)
    write_manifest(source, msgspec.structs.replace(manifest, training=msgspec.to_builtins(recipe)))
    return source


@pytest.fixture(scope="module")
def plain(
    shapes: CaptionDataset, house: CaptionDataset, tmp_path_factory: pytest.TempPathFactory
) -> Lesson:
    """A bundle whose run read files that are not at hand, taught without a replay."""
    folder, config = tmp_path_factory.mktemp("plain"), tiny_config("merge-lstm")
    decoder = msgspec.structs.replace(config.decoder, word_vectors="lost.txt", freeze_words=True)
    encoder = msgspec.structs.replace(config.encoder, weights="lost.pth")
    recipe = msgspec.structs.replace(config, decoder=decoder, encoder=encoder)
    source = write_source(config, shapes, folder, recipe)
    runs, out = folder / "teaching", folder / "out"
    return Lesson(source, out, runs, teach(source, house, None, LESSON, runs=runs, out=out))


@pytest.fixture(scope="module")
def telling(
    shapes: CaptionDataset, house: CaptionDataset, tmp_path_factory: pytest.TempPathFactory
) -> Lesson:
    """A calibrated bundle with tags, whose run read texts, taught with a replay."""
    folder, config = tmp_path_factory.mktemp("telling"), tiny_config(tags=TAGS)
    vocabulary = [*shapes.train, *tagged(shapes)]
    texts = msgspec.structs.replace(
        config.stages[0], name="text", images_per_step=0, texts_per_step=4
    )
    recipe = msgspec.structs.replace(config, stages=(texts, *config.stages))
    source = write_source(config, replace(shapes, train=tuple(vocabulary)), folder, recipe)
    manifest = read_manifest(source)
    told = msgspec.structs.replace(
        manifest,
        tags=TagNames(manifest.tags.names, 0.3),
        novelty=NoveltyLimit(0.7),
        confidence=CALIBRATION,
        alt_text_threshold=0.1,
    )
    write_manifest(source, told)
    runs, out = folder / "teaching", folder / "out"
    return Lesson(source, out, runs, teach(source, house, shapes, LESSON, runs=runs, out=out))


def tagged(shapes: CaptionDataset) -> list[Any]:
    """One picture more, in whose captions there are animals."""
    captions = tuple(f"A {animal} ." for animal in tiny_dataset.ANIMALS)
    return [replace(shapes.train[0], name="animals.jpg", captions=captions)]


def pixels(lesson: Lesson, split: str) -> np.ndarray:
    (path,) = (lesson.runs / "finetune").rglob(f"{split}.npy")
    return np.load(path)


def threshold(lesson: Lesson, *splits: str) -> float:
    pictures = np.concatenate([pixels(lesson, split) for split in splits])
    found = search_bundle(open_bundle(lesson.out), pictures)
    return np.quantile([each.ranked[0].mean_probability for each in found], 0.2)


def test_no_file_of_the_run_is_needed_and_all_are_still_told(plain: Lesson) -> None:
    training = read_manifest(plain.out).training
    assert training["encoder"]["weights"] == "lost.pth"
    assert training["decoder"]["word_vectors"] == "lost.txt"
    assert [stage["name"] for stage in training["stages"]] == ["decoder", "lesson"]
    assert plain.taught.words == ["disc"]
    assert restore(plain.out, pixels(plain, "dev")).config.name == "tiny-house"


def test_figures_are_of_pictures_that_were_not_learnt_from(plain: Lesson) -> None:
    manifest = plain.taught.manifest
    assert set(manifest.metrics) == {"finetune"}
    assert set(manifest.metrics["finetune"]) == {"house, test split"}
    told = manifest.alt_text_threshold
    assert told == pytest.approx(threshold(plain, "dev"), abs=1e-3)
    assert told != pytest.approx(threshold(plain, "train", "dev", "test"), abs=1e-3)


def test_what_the_encoder_tells_and_the_calibration_stay(telling: Lesson) -> None:
    before, after = read_manifest(telling.source), read_manifest(telling.out)
    assert set(tiny_dataset.ANIMALS) <= set(after.tags.names)
    for name in ("tags", "novelty", "confidence", "alt_text_threshold"):
        assert getattr(after, name) == getattr(before, name)
    assert set(after.metrics) == {"finetune"}
    assert set(after.metrics["finetune"]) == {"house, test split", "replay, dev split"}
    assert after.data["taught_before"]["version"] == before.version != after.version
    assert [stage["name"] for stage in after.training["stages"]] == ["text", "decoder", "lesson"]
    pictures = pixels(telling, "test")
    first, then = (
        search_bundle(open_bundle(each), pictures) for each in (telling.source, telling.out)
    )
    for one, other in zip(first, then, strict=True):
        # Ranges of 8 bits are found anew, on the pictures that are taught.
        assert other.tags == pytest.approx(one.tags, abs=0.01)
        assert other.novelty == pytest.approx(one.novelty, abs=0.01)


def test_a_lesson_goes_on_only_as_it_was_begun(
    plain: Lesson, house: CaptionDataset, tmp_path: Path
) -> None:
    changed = msgspec.structs.replace(LESSON, rehearsed=0.5)
    with pytest.raises(WorkspaceError) as caught:
        teach(plain.source, house, None, changed, runs=plain.runs, out=tmp_path)
    (begun,) = (plain.runs / "finetune").rglob("run.json")
    assert json.loads(begun.read_text())["config"]["stages"][0]["name"] == "lesson"
    assert caught.value.message == (
        f"{begun.parent} was begun with other settings or other captions: delete it, or give "
        "--runs another folder."
    )
