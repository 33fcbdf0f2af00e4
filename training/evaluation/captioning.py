"""Captions of a split, by a bundle or by a Keras run, through the app's own beam search."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from captioner.model.attention import AttendedWord, Looker, looks
from captioner.model.bundle import Bundle
from captioner.model.decoding import BeamSettings, Hypothesis
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.model.vocabulary import Vocabulary, text_of
from training.config import TrainingConfig
from training.data.pictures import Pictures
from training.evaluation.captioned import Captioned

if TYPE_CHECKING:  # TensorFlow takes seconds to import
    from training.decode import KerasCaptioner

_BATCH = 16


def best_texts(
    names: Iterable[str], found: Iterable[Sequence[Hypothesis]], vocabulary: Vocabulary
) -> dict[str, str]:
    """Give each image's best caption as people would write it, by the image's name."""
    return {
        name: text_of(vocabulary.decode(ranked[0].ids))
        for name, ranked in zip(names, found, strict=True)
    }


class Model(Protocol):
    """A model that captions pictures and can be asked where it looked."""

    @property
    def name(self) -> str: ...

    @property
    def beam_size(self) -> int: ...

    @property
    def resize(self) -> tuple[int, ...]:
        """Give the sides in pixels that pictures are squashed through for it."""

    @property
    def stages(self) -> Sequence[tuple[str, str]]:
        """Name the run and each stage that made it, in order."""

    def say(self, pixels: NDArray[np.uint8]) -> Iterable[tuple[str, float]]:
        """Give caption and confidence of each picture [images, side, side, 3]."""

    def look(self, pixels: NDArray[np.uint8]) -> list[AttendedWord]:
        """Tell where the model looked for its caption of one picture [1, side, side, 3]."""


@dataclass(frozen=True, slots=True)
class BundleModel:
    """A bundle, captioning as the app does."""

    bundle: Bundle
    beam_size: int

    @property
    def name(self) -> str:
        manifest = self.bundle.manifest
        return f"{manifest.name} {manifest.version}, {_search_name(self.beam_size)}"

    @property
    def resize(self) -> tuple[int, ...]:
        return self.bundle.manifest.resize

    @property
    def stages(self) -> list[tuple[str, str]]:
        training = self.bundle.manifest.training or {}
        return [(training["name"], stage["name"]) for stage in training.get("stages", ())]

    def say(self, pixels: NDArray[np.uint8]) -> Iterator[tuple[str, float]]:
        captioner = OnnxCaptioner(self.bundle, beam_size=self.beam_size, alternatives=0)
        for caption in captioner.caption_pixels(pixels):
            assert caption.confidence is not None
            yield caption.text, caption.confidence

    def look(self, pixels: NDArray[np.uint8]) -> list[AttendedWord]:
        if not self.bundle.tells_attention:
            return []
        settings = replace(self.bundle.beam_settings, beam_size=self.beam_size)
        (found,) = self.bundle.search(pixels, settings)
        step = self.bundle.encode(pixels, output="attention").step
        return looks(
            _words_of(found.ranked[0], self.bundle.vocabulary), step, self.bundle.vocabulary
        )


@dataclass(frozen=True, slots=True)
class KerasModel:
    """A run's Keras model; its confidence is not calibrated."""

    config: TrainingConfig
    captioner: "KerasCaptioner"
    vocabulary: Vocabulary
    settings: BeamSettings

    @property
    def name(self) -> str:
        return f"{self.config.name} in Keras, {_search_name(self.beam_size)}"

    @property
    def beam_size(self) -> int:
        return self.settings.beam_size

    @property
    def resize(self) -> tuple[int, ...]:
        return self.config.data.resize

    @property
    def stages(self) -> list[tuple[str, str]]:
        return [(self.config.name, stage.name) for stage in self.config.stages]

    def say(self, pixels: NDArray[np.uint8]) -> Iterator[tuple[str, float]]:
        for ranked in self.captioner.search(pixels, self.settings):
            text = text_of(self.vocabulary.decode(ranked[0].ids))
            yield text, ranked[0].mean_probability

    def look(self, pixels: NDArray[np.uint8]) -> list[AttendedWord]:
        if not self.captioner.tells_attention:
            return []
        (ranked,) = self.captioner.search(pixels, self.settings)
        step = self.captioner.start(pixels, output="attention")
        return looks(_words_of(ranked[0], self.vocabulary), step, self.vocabulary)


def caption_all(model: Model, pictures: Pictures) -> Captioned:
    """Caption a split's pictures."""
    said: list[tuple[str, float]] = []
    console = Console(stderr=True)
    began = perf_counter()
    starts = range(0, len(pictures.images), _BATCH)
    for start in track(starts, "captioning", console=console, transient=True):
        said += model.say(np.asarray(pictures.pixels[start : start + _BATCH]))
    elapsed = perf_counter() - began
    names = [image.name for image in pictures.images]
    return Captioned(
        name=model.name,
        captions={name: text for name, (text, _) in zip(names, said, strict=True)},
        confidences={name: sureness for name, (_, sureness) in zip(names, said, strict=True)},
        beam_size=model.beam_size,
        milliseconds=1000 * elapsed / len(names),
    )


def looker_of(model: Model, pictures: Pictures) -> Looker:
    """Give what tells of an image where the model looked."""
    rows = {image.name: row for row, image in enumerate(pictures.images)}

    def look(image: str) -> list[AttendedWord]:
        row = rows[image]
        return model.look(np.asarray(pictures.pixels[row : row + 1]))

    return look


def _words_of(caption: Hypothesis, vocabulary: Vocabulary) -> list[str]:
    return [vocabulary.words[number] for number in caption.ids]


def _search_name(beam_size: int) -> str:
    return "greedy" if beam_size == 1 else f"beam {beam_size}"
