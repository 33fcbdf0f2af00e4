"""Teaches a bundle a collection's own captions, and reminds it of what it said before.

What keeps it from forgetting is its own voice: beside people's captions of the new pictures it
learns captions that it gives by itself, found before anything changes (sequence-level distillation,
Kim and Rush 2016): of a replay data set's pictures where there is one, else of a part of the new
pictures.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import UNSET, Meta, Struct

from captioner.model.bundle import Bundle, Manifest, open_bundle, read_manifest
from captioner.model.manifest import version_of, write_manifest
from captioner.model.vocabulary import Vocabulary
from training.config import ConfigError, Positive, Stage, TrainingConfig
from training.data.datasets import CaptionDataset
from training.data.pictures import Pictures, prepare_pictures
from training.evaluation.captioning import BundleModel, caption_all
from training.evaluation.evaluation import Evaluation, evaluate
from training.export import DevPictures, export
from training.finetuning.growing import Mixtures, grow, mixtures, new_words
from training.finetuning.reminders import choose_reminders, in_its_own_words, without_reminders
from training.model import build_model
from training.restore import Restored, restore, tags_of, without_files
from training.train import train_stage
from training.workspace import Workspace, begin, picture_folder, references


class FinetuneConfig(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How captions of one's own are learnt; `settings.toml` explains it."""

    min_count: Positive
    replayed: Annotated[float, Meta(ge=0)]
    rehearsed: Annotated[float, Meta(ge=0, le=1)]
    stage: Stage


def load_finetune_config(path: Path) -> FinetuneConfig:
    """Read and check how to teach. Raises `ConfigError` that names the setting at fault."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=FinetuneConfig)
    except FileNotFoundError:
        raise ConfigError(f"There is no configuration {path}.") from None
    except (msgspec.DecodeError, ValueError) as fault:
        raise ConfigError(f"Mend {path.name}: {fault}.") from None


@dataclass(frozen=True, slots=True)
class Comparison:
    """How the captions of a set of pictures measure before and after."""

    pictures: str
    before: Evaluation
    after: Evaluation


@dataclass(frozen=True, slots=True)
class Taught:
    """What became of a bundle: its new manifest, the words it learnt, and how it compares."""

    manifest: Manifest
    words: Sequence[str]
    comparisons: Sequence[Comparison]


def teach(
    source: Path,
    dataset: CaptionDataset,
    replay: CaptionDataset | None,
    config: FinetuneConfig,
    *,
    runs: Path,
    out: Path,
) -> Taught:
    """Teach the bundle in `source` the captions of `dataset` and write its successor into `out`.

    It learns from the train split, is chosen by the dev split, and measured on the test split and
    on the dev split of `replay`. Stopped, it goes on from its last whole epoch when called again.
    Raises `RestoreError` where the bundle cannot be taught, and as `export` where its successor
    does not pass.
    """
    lesson = _prepare(source, dataset, replay, config, runs)
    workspace = lesson.workspace
    model = build_model(without_files(workspace.config), len(workspace.vocabulary), workspace.tags)
    grow(lesson.original.model, model, lesson.mixed)
    train_stage(workspace, model, config.stage)
    manifest = export(model, workspace, lesson.checked_on, out)
    comparisons = lesson.compare(open_bundle(out, threads=2))
    return Taught(_seal(out, manifest, lesson, comparisons), lesson.words, comparisons)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """All that is learnt and measured, made ready; `kept` are the replay's dev pictures."""

    original: Restored
    workspace: Workspace
    kept: Pictures | None
    words: Sequence[str]
    mixed: Mixtures

    @property
    def checked_on(self) -> DevPictures:
        """Give the pictures that the new bundle's graphs are checked on: as many as there are."""
        if self.kept is not None:
            return DevPictures(self.kept.pixels, references(self.kept.images))
        new = [without_reminders(each) for each in self.workspace.pictures.values()]
        pixels = np.concatenate([each.pixels for each in new])
        return DevPictures(pixels, references(image for each in new for image in each.images))

    def compare(self, taught: Bundle) -> list[Comparison]:
        """Measure both bundles on the new test pictures and on the replay's dev pictures."""
        name = self.workspace.dataset
        measured = {f"{name}, test split": self.workspace.pictures["test"]}
        if self.kept is not None:
            measured["replay, dev split"] = self.kept
        models = [
            BundleModel(bundle, bundle.manifest.beam.beam_size)
            for bundle in (self.original.bundle, taught)
        ]
        return [
            Comparison(
                title,
                *(evaluate(pictures.images, caption_all(each, pictures)) for each in models),
            )
            for title, pictures in measured.items()
        ]


def _prepare(
    source: Path,
    dataset: CaptionDataset,
    replay: CaptionDataset | None,
    config: FinetuneConfig,
    runs: Path,
) -> _Lesson:
    manifest = read_manifest(source)
    resize, own_runs = manifest.resize, runs / "finetune" / manifest.version
    reminders = choose_reminders(
        dataset.train, replay and replay.train, config.replayed if replay else config.rehearsed
    )
    train = (*dataset.train, *reminders)
    taught = CaptionDataset(dataset.name, train, dataset.dev, dataset.test)
    pictures = prepare_pictures(taught, picture_folder(own_runs, dataset.name, resize), resize)
    original = restore(source, pictures["test"].pixels)
    new = without_reminders(pictures["train"])
    words = new_words(original.bundle, new, min_count=config.min_count)
    workspace = Workspace(
        _config(original.config, dataset.name, new, config.stage),
        own_runs,
        dataset.name,
        {**pictures, "train": in_its_own_words(original.bundle, pictures["train"])},
        Vocabulary((*original.bundle.vocabulary.words, *words)),
        tags=tags_of(original.bundle),
    )
    begin(workspace)
    kept = None
    if replay is not None:
        folder = picture_folder(runs, replay.name, resize)
        kept = prepare_pictures(replay, folder, resize, ("dev",))["dev"]
    return _Lesson(original, workspace, kept, words, mixtures(original.bundle, new, words))


def _config(old: TrainingConfig, name: str, new: Pictures, stage: Stage) -> TrainingConfig:
    """Give the old model's configuration with what it is taught now as one more stage."""
    captions = max(len(image.captions) for image in new.images)
    data = msgspec.structs.replace(
        old.data, captions_per_image=min(captions, old.data.captions_per_image)
    )
    return msgspec.structs.replace(
        old,
        name=f"{old.name}-{re.sub(r'[^a-z0-9.-]+', '-', name.lower())}",
        data=data,
        stages=(*(each for each in old.stages if each.name != stage.name), stage),
    )


def _seal(
    folder: Path, manifest: Manifest, lesson: _Lesson, comparisons: Sequence[Comparison]
) -> Manifest:
    """Tell in model.json what the bundle comes from, and how it compares with that.

    What the encoder tells is unchanged, and so are its thresholds. A calibration is kept as well,
    with the threshold that it was fitted with, until another is fitted.
    """
    before = lesson.original.manifest
    calibrated = before if before.confidence is not UNSET else manifest
    compared = {
        each.pictures: {
            "before": each.before.scores.rounded(),
            "after": each.after.scores.rounded(),
        }
        for each in comparisons
    }
    origin = {"name": before.name, "version": before.version, "data": before.data}
    sealed = msgspec.structs.replace(
        manifest,
        tags=before.tags,
        novelty=before.novelty,
        confidence=before.confidence,
        alt_text_threshold=calibrated.alt_text_threshold,
        metrics={**_told(manifest.metrics), "finetune": compared},
        data={**_told(manifest.data), "taught_before": origin},
    )
    sealed = msgspec.structs.replace(sealed, version=version_of(sealed))
    write_manifest(folder, sealed)
    return sealed


def _told(value: Any) -> Mapping[str, Any]:
    return {} if value is UNSET else value
