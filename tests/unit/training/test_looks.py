"""What is computed once of a run's pictures, and how its stages look at them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import tiny_dataset
from tests.support.tiny_model import CHANNELS, PATCHES, SIDE, TAGS, tiny_config, use_tiny_encoders
from training import looks as looking
from training import tagging
from training.config import Stage
from training.data.datasets import CaptionDataset, load_dataset
from training.data.texts import load_texts
from training.grids import cropped
from training.looks import Looks
from training.model import CaptionModel, build_model
from training.workspace import Workspace, open_workspace


@pytest.fixture(scope="module", autouse=True)
def quick() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
        patch.setattr(tagging, "_FOLDS", 2)
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CaptionDataset:
    return load_dataset(tiny_dataset.write_table(tmp_path_factory.mktemp("data") / "shapes"))


@pytest.fixture(scope="module")
def plain(dataset: CaptionDataset, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return open_workspace(tiny_config(), dataset, tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def tagged(dataset: CaptionDataset, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("tagged")
    texts = load_texts(tiny_dataset.write_texts(folder / "texts.tsv"))
    config = tiny_config(tags=TAGS, crops=1)
    return open_workspace(config, dataset, folder, [texts])


def model_of(workspace: Workspace) -> CaptionModel:
    return build_model(workspace.config, len(workspace.vocabulary), workspace.tags)


def stage(**settings: Any) -> Stage:
    return tiny_config(tags=TAGS, **settings).stages[0]


@pytest.fixture(scope="module")
def model(plain: Workspace) -> CaptionModel:
    return model_of(plain)


def test_a_frozen_encoder_sees_each_picture_once(plain: Workspace, model: CaptionModel) -> None:
    views = Looks(plain, model).views("train", stage(flips=True, crops=2))
    assert views.kind == "grid"
    assert [look.is_mirrored for look in views.looks] == [False, True, False, False]
    pixels = plain.pictures["train"].pixels
    rows = np.arange(len(pixels))
    for look, seen in zip(
        views.looks,
        (pixels, pixels[:, :, ::-1], cropped(1)(pixels, rows), cropped(2)(pixels, rows)),
        strict=True,
    ):
        assert look.seen.shape == (40, PATCHES, CHANNELS)
        assert look.seen == pytest.approx(model.encoder(seen).numpy(), abs=2e-3)
    assert len(Looks(plain, model).views("dev", stage(flips=True, crops=2)).looks) == 1


def test_an_encoder_that_learns_sees_the_pictures(plain: Workspace, model: CaptionModel) -> None:
    views = Looks(plain, model).views("train", stage(flips=True, encoder_from_block=1))
    assert views.kind == "pictures"
    assert [look.turned for look in views.looks] == [False, True]
    assert views.looks[0].seen.shape == (40, SIDE, SIDE, 3)


def test_with_tags_its_learning_end_sees_features(tagged: Workspace) -> None:
    model = model_of(tagged)
    looks = Looks(tagged, model)
    views = looks.views("dev", stage(flips=True, encoder_from_block=1))
    assert views.kind == "features"
    trunk = model.halves.trunk(tagged.pictures["dev"].pixels)
    (look,) = views.looks
    assert look.seen == pytest.approx(trunk.numpy(), abs=2e-3)
    assert set(look.told) == {"tags", "trust"}
    told = model.recogniser(trunk)
    for name, rows in look.told.items():
        assert rows == pytest.approx(told[name].numpy(), abs=0.05)


def test_training_pictures_are_told_by_recognisers_that_had_not_seen_them(
    tagged: Workspace,
) -> None:
    looks = Looks(tagged, model_of(tagged))
    views = looks.views("train", stage(crops=1))
    assert len(views.looks) == 2
    for look, tags in zip(views.looks, looks.fitted.tags.values(), strict=True):
        assert np.array_equal(look.told["tags"], tags)
        assert look.told["trust"].shape == (40,)


def test_a_recogniser_is_fitted_once(tagged: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    first = model_of(tagged)
    fitted = Looks(tagged, first).fitted
    monkeypatch.delattr(looking, "fit_recogniser")
    again = model_of(tagged)
    assert np.array_equal(Looks(tagged, again).fitted.tags["plain"], fitted.tags["plain"])
    for one, other in zip(
        first.recogniser.get_weights(), again.recogniser.get_weights(), strict=True
    ):
        assert np.array_equal(one, other)
    assert np.abs(again.recogniser.slope.numpy()).min() > 0


def test_another_runs_recogniser_may_be_taken_as_it_is(
    tagged: Workspace, dataset: CaptionDataset, tmp_path: Path
) -> None:
    """As of a model that is taught further."""
    texts = load_texts(tiny_dataset.write_texts(tmp_path / "texts.tsv"))
    workspace = open_workspace(tagged.config, dataset, tmp_path, [texts])
    model = model_of(workspace)
    model.recogniser.offset.assign(np.full(len(workspace.tags), 0.5))
    views = Looks(workspace, model, fit=False).views("train", stage())
    assert not (workspace.folder / "recogniser.pickle").exists()
    assert views.looks[0].told["tags"] == pytest.approx(1 / (1 + np.exp(-0.5)), abs=1e-5)
