import hashlib
import json
import platform
from pathlib import Path

import msgspec
import pytest

from captioner.model.vocabulary import SPECIAL_WORDS, UNKNOWN
from tests.support import tiny_dataset
from tests.support.tiny_model import SIDE, TAGS, tiny_config
from training.config import TrainingConfig
from training.data.captions import words_of
from training.data.datasets import CaptionDataset, load_dataset
from training.data.texts import Texts, load_texts
from training.workspace import Workspace, WorkspaceError, open_workspace


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CaptionDataset:
    return load_dataset(tiny_dataset.write_table(tmp_path_factory.mktemp("data") / "shapes"))


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.fixture
def workspace(dataset: CaptionDataset, runs: Path) -> Workspace:
    return open_workspace(tiny_config(), dataset, runs)


def test_a_run_is_noted_with_all_that_decides_it(workspace: Workspace, runs: Path) -> None:
    noted = json.loads((runs / "tiny" / "run.json").read_text())
    assert noted["config"]["decoder"]["kind"] == "transformer"
    assert noted["data"]["images"] == tiny_dataset.SPLIT_SIZES
    assert noted["data"]["captions"] == {"train": 200, "dev": 50, "test": 50}
    assert {"keras", "onnx", "tensorflow", "tf2onnx"} <= set(noted["packages"])
    assert noted["python"] == platform.python_version()
    assert noted["platform"]
    assert noted["config"]["seed"] == workspace.config.seed
    pixels = workspace.pictures["test"].pixels.tobytes()
    assert noted["files_sha256"]["test.npy"] == hashlib.sha256(pixels).hexdigest()
    words = json.loads((runs / "tiny" / "vocabulary.json").read_text())
    assert tuple(words) == workspace.vocabulary.words
    assert tuple(words[: len(SPECIAL_WORDS)]) == SPECIAL_WORDS


def test_the_vocabulary_is_of_the_training_captions(workspace: Workspace) -> None:
    words = {word for drawing in tiny_dataset.drawings() for word in words_of(drawing.captions[0])}
    assert UNKNOWN not in workspace.vocabulary.encode(words)
    assert "background" in workspace.vocabulary
    assert "." not in workspace.vocabulary


def test_pictures_are_of_the_encoders_size(workspace: Workspace) -> None:
    assert workspace.pictures["dev"].pixels.shape == (10, SIDE, SIDE, 3)


def test_references_are_what_people_wrote(workspace: Workspace) -> None:
    drawing = next(each for each in tiny_dataset.drawings() if each.split == "test")
    assert workspace.references("test")[drawing.name] == drawing.captions


def test_the_same_run_may_go_on(dataset: CaptionDataset, runs: Path) -> None:
    first, again = (open_workspace(tiny_config(), dataset, runs) for _ in range(2))
    assert first.vocabulary.words == again.vocabulary.words
    assert first.folder == again.folder


def test_the_search_may_be_chosen_when_all_is_learnt(dataset: CaptionDataset, runs: Path) -> None:
    config = tiny_config()
    open_workspace(config, dataset, runs)
    narrow = msgspec.structs.replace(config, beam=msgspec.structs.replace(config.beam, beam_size=1))
    assert open_workspace(narrow, dataset, runs).config.beam.beam_size == 1


def test_a_run_goes_on_when_settings_are_added_that_it_does_not_use(
    dataset: CaptionDataset, runs: Path
) -> None:
    """What was begun before there was such a setting has its default."""
    open_workspace(tiny_config(), dataset, runs)
    note = runs / "tiny" / "run.json"
    begun = json.loads(note.read_text())
    del begun["config"]["encoder"]["layer"], begun["config"]["stages"][0]["encoder_from_layer"]
    note.write_text(json.dumps(begun))
    open_workspace(tiny_config(), dataset, runs)
    begun["config"]["colour"] = "red"  # a setting that is no more
    note.write_text(json.dumps(begun))
    with pytest.raises(WorkspaceError, match="begun with another configuration"):
        open_workspace(tiny_config(), dataset, runs)
    note.unlink()


def test_files_that_the_configuration_names_are_noted(
    dataset: CaptionDataset, tmp_path: Path
) -> None:
    vectors = tmp_path / "glove.5d.txt"
    config = tiny_config("merge-lstm")
    decoder = msgspec.structs.replace(config.decoder, word_vectors=str(vectors))
    config = msgspec.structs.replace(config, decoder=decoder)
    with pytest.raises(WorkspaceError, match=r"glove\.5d\.txt cannot be read, mend decoder\.word"):
        open_workspace(config, dataset, tmp_path / "runs")
    vectors.write_text("dog 1 2 3 4 5\n")
    open_workspace(config, dataset, tmp_path / "runs")
    noted = json.loads((tmp_path / "runs" / "tiny" / "run.json").read_text())
    assert noted["files_sha256"][str(vectors)] == hashlib.sha256(vectors.read_bytes()).hexdigest()


@pytest.mark.parametrize("what", ["configuration", "captions"])
def test_a_run_does_not_go_on_as_another(
    dataset: CaptionDataset, runs: Path, tmp_path: Path, what: str
) -> None:
    config: TrainingConfig = tiny_config()
    open_workspace(config, dataset, runs)
    if what == "configuration":
        config = msgspec.structs.replace(config, seed=2)
    else:
        folder = tiny_dataset.write_table(tmp_path / "shapes")
        table = folder / "captions.csv"
        table.write_text(table.read_text().replace("A red circle .", "A crimson circle ."))
        dataset = load_dataset(folder)
    with pytest.raises(WorkspaceError, match="delete it, or give the configuration another name"):
        open_workspace(config, dataset, runs)


def test_grids_are_named_for_all_that_they_are_computed_from(
    dataset: CaptionDataset, workspace: Workspace, runs: Path
) -> None:
    encoder = msgspec.structs.replace(workspace.config.encoder, layer="fc2")
    config = msgspec.structs.replace(workspace.config, name="other-layer", encoder=encoder)
    names = {
        workspace.computed("grid", "train", "plain", "weights"),
        workspace.computed("grid", "dev", "plain", "weights"),
        workspace.computed("grid", "train", "mirrored", "weights"),
        workspace.computed("grid", "train", "plain", "other weights"),
        workspace.computed("features", "train", "plain", "weights"),
        open_workspace(config, dataset, runs).computed("grid", "train", "plain", "weights"),
    }
    assert len(names) == 6
    same = open_workspace(
        msgspec.structs.replace(workspace.config, name="same", seed=9), dataset, runs
    )
    asked = ("grid", "train", "plain", "weights")
    assert same.computed(*asked) == workspace.computed(*asked)


@pytest.fixture
def texts(tmp_path: Path) -> Texts:
    return load_texts(tiny_dataset.write_texts(tmp_path / "texts.tsv"))


def test_texts_bring_words_and_tags(dataset: CaptionDataset, texts: Texts, tmp_path: Path) -> None:
    workspace = open_workspace(tiny_config(tags=TAGS), dataset, tmp_path / "runs", [texts])
    assert tuple(workspace.tags) == tuple(sorted(tiny_dataset.ANIMALS))
    words = workspace.vocabulary.words
    assert {words[number]: number for number in workspace.tags.values()} == workspace.tags
    noted = json.loads((workspace.folder / "run.json").read_text())
    assert noted["data"]["texts"] == [
        {"name": texts.name, "captions": 40, "captions_sha256": texts.sha256}
    ]


def test_rare_words_of_texts_are_not_learnt(
    dataset: CaptionDataset, texts: Texts, tmp_path: Path
) -> None:
    """Each animal is named twice in each of five colours; without animals there is no tag."""
    config = tiny_config(tags=msgspec.structs.replace(TAGS, text_min_count=11))
    with pytest.raises(WorkspaceError, match="name nothing that could be a tag"):
        open_workspace(config, dataset, tmp_path / "runs", [texts])


def test_a_run_with_texts_is_opened_again_without_them(
    dataset: CaptionDataset, texts: Texts, tmp_path: Path
) -> None:
    """For what comes after training; other texts would be another run."""
    config = tiny_config(tags=TAGS)
    begun = open_workspace(config, dataset, tmp_path / "runs", [texts])
    again = open_workspace(config, dataset, tmp_path / "runs")
    assert again.vocabulary.words == begun.vocabulary.words
    assert again.tags == begun.tags
    (tmp_path / "others.tsv").write_text("1\tA dog .\n1\tThe dog .\n")
    with pytest.raises(WorkspaceError, match="other captions"):
        open_workspace(config, dataset, tmp_path / "runs", [load_texts(tmp_path / "others.tsv")])


def test_texts_without_tags_are_refused(
    dataset: CaptionDataset, texts: Texts, tmp_path: Path
) -> None:
    with pytest.raises(WorkspaceError, match=r"add \[tags\] to the configuration"):
        open_workspace(tiny_config(), dataset, tmp_path / "runs", [texts])
