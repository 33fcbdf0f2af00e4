"""What a run keeps, and that a run which was killed becomes the run that was not."""

import csv
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
from training.checkpoints import StageCheckpoints
from training.config import Stage
from training.data.batches import plain_batches
from training.data.datasets import CaptionDataset, load_dataset
from training.data.encoding import encode_captions
from training.data.texts import load_texts
from training.dev_score import DevScore
from training.learning import Learner
from training.model import CaptionModel, SmoothedCrossEntropy, build_model
from training.optimising import TwoRateAdamW
from training.places import FolderPlace
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
    """Make runs quick, with a tiny encoder."""
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
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


def test_captions_and_losses_are_of_the_averaged_weights(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those are what is saved; between epochs the learner goes on from the raw ones."""
    workspace = open_workspace(tiny_config(epochs=2), dataset, tmp_path)
    average: list[np.ndarray] = []
    raw: list[np.ndarray] = []
    step, judge = Learner._one_step, DevScore.judge
    losses: list[float] = []

    def stepping(self: Learner, iterator: Any) -> Any:
        for variable, expected in zip(self.model.trainable_variables, raw, strict=bool(raw)):
            assert np.array_equal(variable.numpy(), expected)  # untouched between two epochs
        loss = step(self, iterator)
        raw[:] = [weight.numpy() for weight in self.model.trainable_variables]
        before = average or raw
        average[:] = [0.9 * old + 0.1 * new for old, new in zip(before, raw, strict=True)]
        return loss

    def judging(self: DevScore, of_epoch: Any) -> None:
        assert_averaged(self._model)
        losses.append(of_epoch["val_loss"])
        judge(self, of_epoch)

    def assert_averaged(model: CaptionModel) -> None:
        learner = learners[-1].model
        learnt = {
            id(each): mean for each, mean in zip(learner.trainable_variables, average, strict=True)
        }
        for twin, found in zip(learner.weights, model.weights, strict=True):
            expected = learnt.get(id(twin), twin.numpy())
            assert found.numpy() == pytest.approx(expected, abs=1e-5)

    learners: list[Learner] = []
    begin = Learner.__init__

    def beginning(self: Learner, *arguments: Any, **options: Any) -> None:
        begin(self, *arguments, **options)
        self._step = lambda iterator: stepping(self, iterator)
        learners.append(self)

    monkeypatch.setattr(Learner, "__init__", beginning)
    monkeypatch.setattr(DevScore, "judge", judging)
    scores(monkeypatch, 10, 20)
    model = train(workspace)
    assert len(losses) == 2
    differences = zip(raw, average, strict=True)
    assert max(np.abs(one - other).max() for one, other in differences) > 0.01
    assert_averaged(model)
    captions = encode_captions(
        [image.captions for image in workspace.pictures["dev"].images],
        workspace.vocabulary,
        per_image=2,
        max_words=8,
    )
    (batch,) = plain_batches(
        {"pictures": workspace.pictures["dev"].pixels}, captions, images_per_step=16
    )
    inputs, following, weights = batch
    expected = SmoothedCrossEntropy(0.1)(following, model(inputs), sample_weight=weights)
    assert losses[-1] == pytest.approx(float(expected), rel=2e-3)  # grids are of half precision


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


def test_a_kill_after_the_score_and_before_the_checkpoint(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = open_workspace(tiny_config(), dataset, tmp_path)
    really = StageCheckpoints.save

    def saving(self: StageCheckpoints, epochs: int, state: Any) -> None:
        if epochs == 2:
            raise Killed
        really(self, epochs, state)

    with monkeypatch.context() as patch:
        patch.setattr(StageCheckpoints, "save", saving)
        with pytest.raises(Killed):
            train(workspace)
    assert [row["epoch"] for row in history(workspace)] == [1, 2]
    train(workspace)
    assert [row["epoch"] for row in history(workspace)] == [1, 2, 3]


def test_a_kill_in_the_middle_of_a_checkpoint(
    dataset: CaptionDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one before it is still there."""
    workspace = open_workspace(tiny_config(), dataset, tmp_path)
    really = FolderPlace.put

    def putting(self: FolderPlace, name: str, source: Path) -> None:
        really(self, name, source)
        if name == "epoch-0002/state.npz":
            (self.folder / name).write_bytes(b"half of it")
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(FolderPlace, "put", putting)
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
    take = Learner.take_weights

    def noting(self: Learner, model: CaptionModel) -> None:
        starts.append(weights_of(model))
        take(self, model)

    monkeypatch.setattr(Learner, "take_weights", noting)
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
    begun = len(starts)
    assert np.array_equal(weights_of(train(workspace)), weights_of(trained))
    assert len(starts) == begun


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
    fitted, _ = looks._unpacked((tagged.folder / looks.RECOGNISER).read_bytes())
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
