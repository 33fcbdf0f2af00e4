"""What a run keeps, and that a run which was killed becomes the run that was not."""

import csv
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import msgspec
import numpy as np
import pytest

from tests.support import tiny_dataset
from tests.support.tiny_model import TAGS, tiny_config, use_tiny_encoders
from training import dev_score, looks, tagging
from training.config import Stage, TrainingConfig
from training.data.batches import (
    Look,
    Mixture,
    Sampler,
    Views,
    encode_captions,
    plain_batches,
    training_batches,
)
from training.data.datasets import CaptionDataset, load_dataset
from training.data.texts import load_texts
from training.dev_score import DevScore
from training.model import CaptionModel, SmoothedCrossEntropy, build_model
from training.optimising import TwoRateAdamW
from training.train import train, trained_model
from training.workspace import Workspace, WorkspaceError, open_workspace

# Keras writes its files through an interface that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class Killed(BaseException):
    """Ends a run in the middle, as a kill does."""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CaptionDataset:
    return load_dataset(tiny_dataset.write_table(tmp_path_factory.mktemp("data") / "shapes"))


@pytest.fixture(scope="module", autouse=True)
def repeatable() -> Iterator[None]:
    """Make runs quick and quiet, with a tiny encoder."""
    fit = CaptionModel.fit

    def quietly(self: CaptionModel, *arguments: Any, **options: Any) -> Any:
        return fit(self, *arguments, **options | {"verbose": 0})

    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
        patch.setattr(CaptionModel, "fit", quietly)
        yield


def kill_at(monkeypatch: pytest.MonkeyPatch, call: int) -> None:
    """Kill the run while it scores the dev captions for the `call`-th time."""
    really, calls = dev_score.cider, iter(range(1, 100))

    def scoring(*arguments: Any) -> float:
        if next(calls) == call:
            raise Killed
        return really(*arguments)

    monkeypatch.setattr(dev_score, "cider", scoring)


def history(workspace: Workspace, stage: str = "decoder") -> list[dict[str, float]]:
    with (workspace.stage(stage) / "history.csv").open(newline="") as file:
        return [{name: float(text) for name, text in row.items()} for row in csv.DictReader(file)]


def weights_of(model: CaptionModel) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


def compiled(config: TrainingConfig, words: int) -> CaptionModel:
    model = build_model(config, words)
    optimizer = keras.optimizers.AdamW(1e-2, use_ema=True, ema_momentum=0.9)
    model.compile(optimizer, SmoothedCrossEntropy(0.1))
    optimizer.build(model.trainable_variables)
    return model


class Watching(keras.callbacks.Callback):
    """Averages the weights by hand, step by step, and keeps the raw ones of each epoch's end."""

    def __init__(self) -> None:
        super().__init__()
        self.average: list[np.ndarray] = []
        self.last: list[np.ndarray] = []
        self.at_the_end: list[np.ndarray] = []

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        weights = [weight.numpy() for weight in self.model.trainable_variables]
        before = self.average or weights
        self.average = [0.9 * old + 0.1 * new for old, new in zip(before, weights, strict=True)]
        self.last = weights

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.at_the_end = [weight.numpy() for weight in self.model.trainable_variables]


def test_captions_and_losses_are_of_the_averaged_weights(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those are what is saved; between epochs the model goes on from the raw ones."""
    workspace = open_workspace(tiny_config(), dataset, tmp_path)
    config, words = workspace.config, len(workspace.vocabulary)
    model = compiled(config, words)
    captioned_with: list[np.ndarray] = []
    really = DevScore._score

    def noting(self: DevScore) -> float:
        captioned_with[:] = [weight.numpy() for weight in model.trainable_variables]
        return really(self)

    monkeypatch.setattr(DevScore, "_score", noting)
    views, captions = (
        {split: of(split) for split in ("train", "dev")}
        for of in (
            lambda split: Views("pictures", (Look(workspace.pictures[split].pixels),)),
            lambda split: encode_captions(
                [image.captions for image in workspace.pictures[split].images],
                workspace.vocabulary,
                per_image=2,
                max_words=8,
            ),
        )
    )
    sampler = Sampler(views["train"], captions["train"], None, Mixture(8), seed=(1,))
    batches = training_batches(sampler, any_length=False)
    dev = plain_batches(views["dev"].plain(), captions["dev"], images_per_step=8)
    score = DevScore(
        views["dev"].plain(),
        workspace.references("dev"),
        workspace.vocabulary,
        workspace.beam_settings,
        folder=tmp_path,
        patience=9,
    )
    watching = Watching()
    fitted = model.fit(batches, validation_data=dev, callbacks=[score, watching], shuffle=False)

    def assert_same(some: list[np.ndarray], others: list[np.ndarray]) -> None:
        for one, other in zip(some, others, strict=True):
            assert one == pytest.approx(other, abs=1e-5)

    assert_same(captioned_with, watching.average)
    assert_same(watching.at_the_end, watching.last)
    differences = zip(watching.last, watching.average, strict=True)
    assert max(np.abs(raw - average).max() for raw, average in differences) > 0.01
    saved = compiled(config, words)
    saved.load_weights(tmp_path / "best.weights.h5")
    assert_same([weight.numpy() for weight in saved.trainable_variables], watching.average)
    loss = saved.evaluate(dev, verbose=0)
    assert fitted.history["val_loss"] == [pytest.approx(loss, rel=1e-4)]


@pytest.fixture(scope="module")
def uninterrupted(
    dataset: CaptionDataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[list[dict[str, float]], np.ndarray]:
    """The history and the best weights of a run of three epochs."""
    workspace = open_workspace(tiny_config(), dataset, tmp_path_factory.mktemp("whole"))
    model = train(workspace)
    return history(workspace), weights_of(model)


@pytest.mark.parametrize("killed_at", [1, 2, 3])
def test_a_killed_run_becomes_the_run_that_was_not(
    dataset: CaptionDataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    uninterrupted: tuple[list[dict[str, float]], np.ndarray],
    killed_at: int,
) -> None:
    """Weights, their average, the optimizer's state and its place in the schedule come back."""
    expected, weights = uninterrupted
    workspace = open_workspace(tiny_config(), dataset, tmp_path)
    with monkeypatch.context() as patch:
        kill_at(patch, killed_at)
        with pytest.raises(Killed):
            train(workspace)
    finished = killed_at - 1
    if finished:
        assert len(history(workspace)) == finished
    model = train(workspace)
    found = history(workspace)
    assert [row["epoch"] for row in found] == [1, 2, 3]
    for one, other in zip(found, expected, strict=True):
        assert one == pytest.approx(other, rel=1e-3)
    assert weights_of(model) == pytest.approx(weights, abs=1e-3)
    assert not np.isclose(expected[0]["loss"], expected[1]["loss"], rtol=0.01)


def test_a_kill_after_the_score_and_before_the_backup(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(tiny_config(), dataset, tmp_path)
    really = keras.callbacks.BackupAndRestore.on_epoch_end

    def backing_up(self: Any, epoch: int, logs: Any = None) -> None:
        if epoch == 1:
            raise Killed
        really(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(keras.callbacks.BackupAndRestore, "on_epoch_end", backing_up)
        with pytest.raises(Killed):
            train(workspace)
    assert [row["epoch"] for row in history(workspace)] == [1, 2]
    train(workspace)
    assert [row["epoch"] for row in history(workspace)] == [1, 2, 3]


def test_a_kill_in_the_middle_of_a_backup(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The backup before it is still there."""
    workspace = open_workspace(tiny_config(), dataset, tmp_path)
    really = CaptionModel.save_weights

    def saving(self: CaptionModel, filepath: Any, **options: Any) -> None:
        really(self, filepath, **options)
        if Path(filepath).name == "latest.weights.h5" and len(history(workspace)) == 2:
            Path(filepath).write_bytes(Path(filepath).read_bytes()[:1000])
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(CaptionModel, "save_weights", saving)
        with pytest.raises(Killed):
            train(workspace)
    train(workspace)
    assert [row["epoch"] for row in history(workspace)] == [1, 2, 3]


def scores(monkeypatch: pytest.MonkeyPatch, *values: float) -> None:
    given = iter(values)
    monkeypatch.setattr(dev_score, "cider", lambda *_: next(given))


def test_the_best_epoch_is_kept_and_patience_ends_the_stage(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(tiny_config(epochs=9, patience=2), dataset, tmp_path)
    scores(monkeypatch, 10, 30, 20, 25)
    saved: list[bytes] = []
    write = DevScore._write_history

    def noting(self: DevScore) -> None:
        write(self)
        saved.append(workspace.best("decoder").read_bytes())

    monkeypatch.setattr(DevScore, "_write_history", noting)
    model = train(workspace)
    assert [row["dev_cider"] for row in history(workspace)] == [10, 30, 20, 25]
    assert saved[0] != saved[1] == saved[2] == saved[3]
    assert np.array_equal(weights_of(model), weights_of(trained_model(workspace)))
    assert (workspace.stage("decoder") / "history.png").is_file()


def test_a_stage_that_ran_out_of_patience_learns_no_more(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between its last epoch and the note that it is done."""
    workspace = open_workspace(tiny_config(epochs=9, patience=1), dataset, tmp_path)
    scores(monkeypatch, 30, 20)
    train(workspace)
    (workspace.stage("decoder") / "done").unlink()
    train(workspace)  # another score would fail: none is left
    assert len(history(workspace)) == 2


@pytest.mark.parametrize("killed_at", [2, 3])
def test_stages_follow_each_other_and_what_is_done_is_done(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    """Killed in the first stage or the second, whose encoder learns too from the first's best."""
    tail = Stage(
        name="tail",
        epochs=1,
        learning_rate=1e-2,
        warmup_steps=0,
        ema_momentum=0.5,
        images_per_step=8,
        encoder_from_block=0,
    )
    config = tiny_config(epochs=2)
    config = msgspec.structs.replace(config, stages=(*config.stages, tail))
    workspace = open_workspace(config, dataset, tmp_path)
    with monkeypatch.context() as patch:
        kill_at(patch, killed_at)
        with pytest.raises(Killed):
            train(workspace)
    starts: list[np.ndarray] = []
    fit = CaptionModel.fit

    def noting(self: CaptionModel, *arguments: Any, **options: Any) -> Any:
        starts.append(weights_of(self))
        return fit(self, *arguments, **options)

    monkeypatch.setattr(CaptionModel, "fit", noting)
    trained = train(workspace)
    assert len(history(workspace)) == 2
    assert len(history(workspace, "tail")) == 1
    first = build_model(config, len(workspace.vocabulary))
    untrained = first.encoder.get_weights()
    first.load_weights(workspace.best("decoder"))
    assert np.array_equal(starts[-1], weights_of(first))
    assert np.array_equal(weights_of(trained_model(workspace, "decoder")), weights_of(first))
    for before, after in zip(untrained, trained.encoder.get_weights(), strict=True):
        assert not np.array_equal(before, after)
    fits = len(starts)
    assert np.array_equal(weights_of(train(workspace)), weights_of(trained))
    assert len(starts) == fits


def test_a_frozen_encoder_stays_as_it_was(dataset: CaptionDataset, tmp_path: Path) -> None:
    workspace = open_workspace(tiny_config(epochs=1), dataset, tmp_path)
    fresh = build_model(workspace.config, len(workspace.vocabulary))
    model = train(workspace)
    for before, after in zip(fresh.encoder.weights, model.encoder.weights, strict=True):
        assert np.array_equal(before.numpy(), after.numpy())
    assert not np.allclose(weights_of(fresh), weights_of(model))


def test_nothing_trained_is_told(dataset: CaptionDataset, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="There is no trained model yet"):
        trained_model(open_workspace(tiny_config(), dataset, tmp_path))


def test_a_stage_that_is_none_of_the_runs(dataset: CaptionDataset, tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match=r"There is no stage reward: the run's are decoder\."):
        trained_model(open_workspace(tiny_config(), dataset, tmp_path), "reward")


@pytest.fixture
def tagged(dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A run with texts: language first, then pictures, of which some are told by tags alone."""
    monkeypatch.setattr(tagging, "_FOLDS", 2)
    stages = (
        stage("text", images_per_step=0, texts_per_step=4),
        stage("decoder", texts_per_step=2, blind=0.3, flips=True, crops=1),
        stage("tail", texts_per_step=2, blind=0.3, flips=True, encoder_from_block=1),
        stage("reward", objective="self-critical", texts_per_step=2, encoder_from_block=1),
    )
    config = msgspec.structs.replace(tiny_config(tags=TAGS), stages=stages)
    texts = load_texts(tiny_dataset.write_texts(tmp_path / "texts.tsv"))
    return open_workspace(config, dataset, tmp_path / "runs", [texts])


def stage(name: str, **settings: Any) -> Stage:
    return msgspec.structs.replace(
        tiny_config(tags=TAGS, epochs=1, **settings).stages[0], name=name
    )


def test_a_run_with_tags_is_killed_and_goes_on(
    tagged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recogniser is fitted once, stays as it was fitted, and only its encoder's end learns."""
    with monkeypatch.context() as patch:
        kill_at(patch, 3)
        with pytest.raises(Killed):
            train(tagged)
    assert [len(history(tagged, name)) for name in ("text", "decoder")] == [1, 1]
    assert not tagged.best("tail").exists()
    (fitted, _) = pickle.loads((tagged.folder / "recogniser.pickle").read_bytes())
    monkeypatch.delattr(looks, "fit_recogniser")
    model = train(tagged)
    assert len(history(tagged, "tail")) == len(history(tagged, "reward")) == 1
    for before, after in zip(fitted, model.recogniser.get_weights(), strict=True):
        assert np.array_equal(before, after)
    assert np.array_equal(weights_of(model), weights_of(trained_model(tagged)))
    fresh = build_model(tagged.config, len(tagged.vocabulary), tagged.tags)
    for part, learns in (("trunk", False), ("tail", True)):
        one, other = (weights_of(getattr(each.halves, part)) for each in (fresh, model))
        assert np.array_equal(one, other) != learns


def test_texts_must_be_there_for_stages_that_learn_from_them(
    tagged: Workspace, dataset: CaptionDataset
) -> None:
    told = r"Stage text learns from captions without pictures: name their files by --text\."
    new = msgspec.structs.replace(tagged.config, name="new")
    with pytest.raises(WorkspaceError, match=told):
        open_workspace(new, dataset, tagged.runs)
    assert not (tagged.runs / "new").exists()
    without = open_workspace(tagged.config, dataset, tagged.runs)  # begun with texts: to measure
    with pytest.raises(WorkspaceError, match=told):
        train(without)


def test_the_encoder_may_learn_more_slowly() -> None:
    """Adam's first step is as long as the rate, whatever the gradient."""
    fast, slow = keras.Variable([0.0, 0.0], name="fast"), keras.Variable([0.0, 0.0], name="slow")
    optimizer = TwoRateAdamW(0.1, slower={slow.path: 0.25}, weight_decay=0.0)
    optimizer.apply([np.array([3.0, -3.0])] * 2, [fast, slow])
    assert fast.numpy() == pytest.approx([-0.1, 0.1], rel=1e-3)
    assert slow.numpy() == pytest.approx([-0.025, 0.025], rel=1e-3)
