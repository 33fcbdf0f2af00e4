"""What a bundle tells beside captions, on the tiny model; the end-to-end tests export all kinds."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from captioner.model.bundle import open_bundle
from captioner.model.manifest import version_of
from tests.support import tiny_dataset
from tests.support.tiny_model import TAGS, randomise, tiny_config, use_tiny_encoders
from training.data.datasets import load_dataset
from training.data.texts import load_texts
from training.decode import KerasCaptioner
from training.export import DevPictures, ExportError, export
from training.model import CaptionModel, build_model
from training.restore import restore
from training.searching import search_bundle
from training.workspace import Workspace, open_workspace

# Keras gives its variables to numpy through an interface that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
        yield


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("export")
    dataset = load_dataset(tiny_dataset.write_table(folder / "shapes"))
    texts = load_texts(tiny_dataset.write_texts(folder / "texts.tsv"))
    return open_workspace(tiny_config(tags=TAGS), dataset, folder / "runs", [texts])


@pytest.fixture(scope="module")
def model(workspace: Workspace) -> CaptionModel:
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    recogniser = model.recogniser
    words = recogniser.words.numpy()
    randomise(model)
    recogniser.words.assign(words)  # each class is some tag or none
    recogniser.slope.assign(np.linspace(0.8, 1.2, len(workspace.tags)))
    recogniser.offset.assign(np.linspace(4, 6, len(workspace.tags)))
    recogniser.basis.assign(np.eye(*recogniser.basis.shape))
    recogniser.edge.assign((0.5, 2.0))
    return model


@pytest.fixture(scope="module")
def dev(workspace: Workspace) -> DevPictures:
    return DevPictures(workspace.pictures["dev"].pixels, workspace.references("dev"))


@pytest.fixture(scope="module")
def exported(
    model: CaptionModel,
    workspace: Workspace,
    dev: DevPictures,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("bundle")
    export(model, workspace, dev, folder)
    return folder


def test_a_bundle_tells_tags_and_novelty(
    exported: Path, model: CaptionModel, workspace: Workspace, dev: DevPictures
) -> None:
    bundle = open_bundle(exported)
    assert bundle.manifest.tags.names == tuple(workspace.tags)
    assert "dev_tags" in bundle.manifest.metrics
    assert bundle.manifest.version == version_of(bundle.manifest)
    found = search_bundle(bundle, dev.pictures)
    novelty = np.array([each.novelty for each in found])
    assert bundle.manifest.novelty.threshold == pytest.approx(np.quantile(novelty, 0.95), abs=1e-3)
    told = KerasCaptioner(model).told(dev.pictures)
    assert np.stack([each.tags for each in found]) == pytest.approx(told["tags"], abs=0.01)
    assert novelty == pytest.approx(told["novelty"], abs=0.01)
    assert np.ptp(novelty) > 0.02


@pytest.fixture(params=["tags", "novelty"])
def told_otherwise(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let Keras tell something else; gives what."""
    name, really = request.param, KerasCaptioner.told

    def otherwise(self: KerasCaptioner, pictures: np.ndarray) -> dict[str, np.ndarray]:
        told = really(self, pictures)
        return {**told, name: told[name] + 0.01}

    monkeypatch.setattr(KerasCaptioner, "told", otherwise)
    return name


def test_what_is_told_otherwise_than_in_keras_is_not_shipped(
    model: CaptionModel,
    workspace: Workspace,
    dev: DevPictures,
    tmp_path: Path,
    told_otherwise: str,
) -> None:
    with pytest.raises(ExportError, match=f"What is told as {told_otherwise} differs from Keras"):
        export(model, workspace, dev, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_bundle_gives_back_its_model(exported: Path, dev: DevPictures) -> None:
    """What it says and tells of pictures comes back, as near as 8 bits and half precision are."""
    pictures = dev.pictures
    found = search_bundle(open_bundle(exported), pictures)
    captioner = KerasCaptioner(restore(exported, pictures).model)
    told = captioner.told(pictures)
    assert np.stack([each.tags for each in found]) == pytest.approx(told["tags"], abs=0.02)
    assert np.array([each.novelty for each in found]) == pytest.approx(told["novelty"], abs=0.02)
