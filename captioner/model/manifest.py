"""model.json: what a bundle says of itself."""

import hashlib
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from captioner.errors import BundleInvalid, BundleMissing
from captioner.model.confidence import Calibration
from captioner.model.decoding import BeamSettings
from captioner.model.repetition import Repetition
from captioner.model.vocabulary import Vocabulary
from captioner.parsing import read

MANIFEST = "model.json"

_Positive = Annotated[int, Meta(ge=1)]


class GraphFile(Struct, frozen=True):
    """One of the bundle's files and what it must be."""

    file: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]+\.onnx$")]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class Beam(Struct, frozen=True):
    """The search that the bundle was measured with."""

    beam_size: _Positive
    length_penalty: Annotated[float, Meta(ge=0)]
    min_words: _Positive
    max_words: _Positive
    bars_repetition: bool = False

    def settings(self, vocabulary: Vocabulary) -> BeamSettings:
        return BeamSettings(
            self.beam_size,
            length_penalty=self.length_penalty,
            min_words=self.min_words,
            max_words=self.max_words,
            repetition=Repetition.of(vocabulary) if self.bars_repetition else None,
        )


class TagNames(Struct, frozen=True):
    """What each of the encoder's `tags` stands for, and the probability from which it is told."""

    names: Annotated[tuple[str, ...], Meta(min_length=1)]
    threshold: Annotated[float, Meta(ge=0, le=1)]


class NoveltyLimit(Struct, frozen=True):
    """The encoder's `novelty` above which a picture is too unlike those learnt from."""

    threshold: float


class Manifest(Struct, frozen=True, kw_only=True):
    """model.json: what the app must know of a bundle, and what people should.

    `resize` are the sides in pixels that a picture is squashed through on its way to the encoder;
    `cache_shapes` the shape of each `cache.*` for one row, 0 for the axis that grows. `metrics`,
    `training`, `data` and `terms` are told, not read. Where `confidence` is absent, nothing is
    known of how sure to be of a caption but the probabilities of its words.
    """

    format: Literal[1] = 1
    name: str
    version: str
    language: str
    encoder: GraphFile
    decoder: GraphFile
    resize: Annotated[tuple[_Positive, ...], Meta(min_length=1)]
    cache_shapes: dict[str, tuple[Annotated[int, Meta(ge=0)], ...]]
    vocabulary: tuple[str, ...]
    beam: Beam
    alt_text_threshold: Annotated[float, Meta(ge=0, le=1)]
    tags: TagNames | UnsetType = UNSET
    novelty: NoveltyLimit | UnsetType = UNSET
    confidence: Calibration | UnsetType = UNSET
    metrics: dict[str, Any] | UnsetType = UNSET
    training: dict[str, Any] | UnsetType = UNSET
    data: dict[str, Any] | UnsetType = UNSET
    terms: str | UnsetType = UNSET

    @property
    def told(self) -> tuple[str, ...]:
        """What the encoder tells beside what the decoder reads."""
        told = {"tags": self.tags, "novelty": self.novelty}
        return tuple(name for name, meaning in told.items() if meaning is not UNSET)


def read_manifest(folder: Path) -> Manifest:
    """Read model.json alone. Raises as `open_bundle`."""
    try:
        return read((folder / MANIFEST).read_bytes(), msgspec.json.Decoder(Manifest))
    except FileNotFoundError:
        raise BundleMissing(
            f"There is no model bundle in {folder}: set MODEL_DIR to a folder with {MANIFEST}."
        ) from None
    except (msgspec.DecodeError, OSError) as fault:
        raise BundleInvalid(
            f"{MANIFEST} in {folder} cannot be read, copy the bundle again: {fault}."
        ) from None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write model.json, for programs and for people."""
    (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))


def version_of(manifest: Manifest) -> str:
    """Name a bundle by all that is read of it: what its captions and confidences follow from.

    Another name, other scores or other terms make no other version.
    """
    read = msgspec.structs.replace(
        manifest, name="", version="", metrics=UNSET, training=UNSET, data=UNSET, terms=UNSET
    )
    content = msgspec.json.encode(read, order="deterministic")
    return hashlib.sha256(content).hexdigest()[:12]


def graph_bytes(folder: Path) -> int:
    """Give how much room a bundle's graphs take. Raises as `open_bundle`."""
    manifest = read_manifest(folder)
    files = (manifest.encoder.file, manifest.decoder.file)
    try:
        return sum((folder / file).stat().st_size for file in files)
    except FileNotFoundError as fault:
        raise BundleMissing(f"The bundle lacks {fault.filename}: copy the whole folder.") from None
