"""Where a run keeps what it reads and makes, under one folder that git ignores.

runs/pictures/<data set>-<sizes>/     decoded pictures and grids, shared by all runs
runs/<configuration>/                 run.json, vocabulary.json and a folder for each stage
"""

import hashlib
import json
import platform
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec

from captioner.errors import CaptionerError
from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import Vocabulary
from training.config import RANDOM, TrainingConfig, to_dict
from training.data.captions import sentences_of
from training.data.datasets import CaptionDataset, CaptionedImage
from training.data.pictures import Pictures, prepare_pictures
from training.data.splits import Split
from training.data.texts import Texts
from training.tags import Named, tag_words

NOTE = "run.json"
"""The file, in a run's folder, that tells what it is made of."""
_PACKAGES = ("keras", "numpy", "onnx", "onnxruntime", "pillow", "tensorflow", "tf2onnx")


class WorkspaceError(CaptionerError):
    """The run's folder does not hold what is asked for."""

    code = "workspace_invalid"
    permanent = True


@dataclass(frozen=True, slots=True)
class Workspace:
    """A configuration with the data it learns from, made ready."""

    config: TrainingConfig
    runs: Path
    dataset: str
    pictures: dict[Split, Pictures]
    vocabulary: Vocabulary
    texts: tuple[Texts, ...] = ()
    tags: Mapping[str, int] = field(default_factory=dict)
    """What the recogniser can name, with the words' ids."""
    lanes: int = 1
    """In how many shards the training pictures came, dealt out in turn."""

    @property
    def folder(self) -> Path:
        return self.runs / self.config.name

    @property
    def beam_settings(self) -> BeamSettings:
        return self.config.search.settings(self.vocabulary)

    def stage(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def best(self, stage: str) -> Path:
        """The weights of a stage's best epoch."""
        return self.folder / stage / "best.weights.h5"

    def computed(self, what: str, split: Split, look: str, digest: str) -> Path:
        """The file of what some part of a model sees of a split, named for all it was made from.

        `digest` tells the part's weights, `look` how the pictures are looked at.
        """
        origin = f"{self.pictures[split].made_from} {self.config.side} {digest}"
        origin += self.config.encoder.layer or ""
        rows = self.pictures[split].rows
        if rows is not None:
            origin += hashlib.sha256(rows.tobytes()).hexdigest()
        key = hashlib.sha256(origin.encode()).hexdigest()[:8]
        folder = picture_folder(self.runs, self.dataset, self.config.data.resize) / "computed"
        return folder / f"{self.config.encoder.name}-{what}-{split}-{look}-{key}.npy"

    def check_texts(self) -> None:
        """Raise `WorkspaceError` where a stage learns from texts and there are none."""
        _check_texts(self.config, self.texts)

    def references(self, split: Split) -> dict[str, tuple[str, ...]]:
        return references(self.pictures[split].images)

    def describe_data(self) -> dict[str, Any]:
        """Tell the data by name, size and hash, for the record."""
        texts = [
            {
                "name": each.name,
                "captions": sum(map(len, each.captions)),
                "captions_sha256": each.sha256,
            }
            for each in self.texts
        ]
        return {
            "name": self.dataset,
            "images": {split: len(each.images) for split, each in self.pictures.items()},
            "captions": {
                split: sum(len(image.captions) for image in each.images)
                for split, each in self.pictures.items()
            },
            "captions_sha256": {
                split: _digest(f"{image.name}\t{image.captions}" for image in each.images)
                for split, each in self.pictures.items()
            },
            **({"texts": texts} if texts else {}),
        }


def open_workspace(
    config: TrainingConfig,
    dataset: CaptionDataset,
    runs: Path,
    texts: Sequence[Texts] = (),
) -> Workspace:
    """Prepare what is not prepared yet: pictures, vocabulary, and a note of what the run is.

    `texts` are only needed to train with; a run that was begun with some keeps its vocabulary
    without them. Raises `WorkspaceError` where there is nothing to be a tag, and where the run's
    folder was begun with another configuration or with other captions: half of each would be
    neither.
    """
    if texts and config.tags is None:
        raise WorkspaceError(
            "Captions without pictures teach a decoder that reads tags: add [tags] to the "
            "configuration, or leave --text out."
        )
    pictures = prepare_pictures(
        dataset, picture_folder(runs, dataset.name, config.data.resize), config.data.resize
    )
    noted = runs / config.name / "vocabulary.json"
    if not noted.is_file():
        _check_texts(config, texts)
    if noted.is_file() and not texts:
        vocabulary = Vocabulary(json.loads(noted.read_text()))
    else:
        vocabulary = _vocabulary(config, pictures["train"].images, texts)
    return make_workspace(config, runs, dataset.name, pictures, vocabulary=vocabulary, texts=texts)


def make_workspace(
    config: TrainingConfig,
    runs: Path,
    dataset: str,
    pictures: dict[Split, Pictures],
    *,
    vocabulary: Vocabulary,
    texts: Sequence[Texts],
    lanes: int = 1,
) -> Workspace:
    """Begin a run with what has been prepared. Raises `WorkspaceError` as `open_workspace`."""
    tags: dict[str, int] = {}
    if config.tags is not None:
        named = [Named.of(image.captions) for image in pictures["train"].images]
        tags = {word: vocabulary.id_of(word) for word in tag_words(named, vocabulary)}
        if not tags:
            raise WorkspaceError(
                "The captions name nothing that could be a tag: give more of them by --text, or "
                "take [tags] out of the configuration."
            )
    workspace = Workspace(config, runs, dataset, pictures, vocabulary, tuple(texts), tags, lanes)
    begin(workspace)
    return workspace


def _check_texts(config: TrainingConfig, texts: Sequence[Texts]) -> None:
    wanting = [stage.name for stage in config.stages if stage.texts_per_step]
    if wanting and not texts:
        raise WorkspaceError(
            f"Stage {wanting[0]} learns from captions without pictures: name their files by --text."
        )


def _vocabulary(
    config: TrainingConfig, images: Iterable[CaptionedImage], texts: Iterable[Texts]
) -> Vocabulary:
    """Take the words of the pictures' captions, and those that texts use often."""
    longest = config.data.max_words
    learnt = [words for image in images for words in sentences_of(image.captions, longest=longest)]
    read = (
        words
        for each in texts
        for captions in each.captions
        for words in sentences_of(captions, longest=longest)
    )
    often = config.tags.text_min_count if config.tags else 1
    known = {word for word, count in Counter(chain(*read)).items() if count >= often}
    return Vocabulary.build(learnt, min_count=config.data.min_count, known=known)


def picture_folder(runs: Path, dataset: str, resize: Iterable[int]) -> Path:
    """Give the folder of a data set's decoded pictures at these sizes."""
    return runs / "pictures" / f"{dataset}-{'-'.join(map(str, resize))}"


def pictures_of(
    dataset: CaptionDataset, split: Split, resize: Sequence[int], runs: Path
) -> Pictures:
    """Give one split's pictures at these sizes, decoded anew where they are not prepared."""
    folder = picture_folder(runs, dataset.name, resize)
    return prepare_pictures(dataset, folder, resize, (split,))[split]


def references(images: Iterable[CaptionedImage]) -> dict[str, tuple[str, ...]]:
    """Give what people said of each image, by its name."""
    return {image.name: image.captions for image in images}


def begin(workspace: Workspace) -> None:
    """Keep what the run is made of, and refuse to go on with something else.

    Raises `WorkspaceError` as `open_workspace`.
    """
    workspace.folder.mkdir(parents=True, exist_ok=True)
    path = workspace.folder / NOTE
    if path.is_file():
        check_note(workspace, path.read_bytes(), str(workspace.folder))
        return
    note = {
        "config": to_dict(workspace.config),
        "data": workspace.describe_data(),
        "files_sha256": _file_digests(workspace),
        "packages": {name: version(name) for name in _PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
    }
    words = json.dumps(workspace.vocabulary.words, ensure_ascii=False, indent=0)
    (workspace.folder / "vocabulary.json").write_text(words)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(note, indent=1))
    unfinished.replace(path)


def check_note(workspace: Workspace, content: bytes, where: str) -> None:
    """Raise `WorkspaceError` where a run's note is not of this configuration and these captions."""
    begun = json.loads(content)
    data = json.loads(json.dumps(workspace.describe_data()))
    if not workspace.texts and "texts" in begun["data"]:
        data["texts"] = begun["data"]["texts"]
    if not _is_of(begun["config"], workspace.config) or begun["data"] != data:
        raise WorkspaceError(
            f"{where} was begun with another configuration or other captions: delete it, or give "
            "the configuration another name."
        )


def _is_of(begun: Any, config: TrainingConfig) -> bool:
    """Whether a noted configuration is this one; settings younger than it have their defaults.

    The search may be another: its settings are chosen when all is learnt.
    """
    try:
        noted = msgspec.convert(begun, TrainingConfig)
    except msgspec.ValidationError:
        return False
    return bool(msgspec.structs.replace(noted, beam=config.beam) == config)


def _file_digests(workspace: Workspace) -> dict[str, str]:
    """Tell what the run reads besides captions: pictures as decoded, and files of weights."""
    digests = {
        f"{split}.npy": pictures.checksum or hashlib.sha256(pictures.pixels).hexdigest()
        for split, pictures in workspace.pictures.items()
    }
    config = workspace.config
    named = {
        "encoder.weights": config.encoder.weights,
        "decoder.word_vectors": config.decoder.word_vectors,
    }
    for setting, path in named.items():
        if path in (None, RANDOM):
            continue
        try:
            with Path(path).open("rb") as file:
                digests[path] = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as fault:
            raise WorkspaceError(
                f"{path} cannot be read, mend {setting}: {fault.strerror}."
            ) from None
    return digests


def _digest(lines: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode() + b"\n")
    return digest.hexdigest()
