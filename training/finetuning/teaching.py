"""Teaches a bundle a collection's own captions, and reminds it of what it said before.

What keeps it from forgetting is its own voice: beside people's captions of the new pictures it
learns captions that it gives by itself, found before anything changes (sequence-level distillation,
Kim and Rush 2016): of a replay data set's pictures where there is one, else of a part of the new
pictures.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET

from captioner.model.bundle import Bundle, Manifest, open_bundle, read_manifest
from captioner.model.manifest import version_of, write_manifest
from captioner.model.vocabulary import Vocabulary
from training.config import TrainingConfig, to_dict
from training.data.datasets import CaptionDataset
from training.data.pictures import Pictures, prepare_pictures
from training.evaluation.captioning import BundleModel, caption_all
from training.evaluation.evaluation import Evaluation, evaluate
from training.export import UNSURE_SHARE, DevPictures, export
from training.finetuning.growing import Mixtures, grow, mixtures, new_words
from training.finetuning.reminders import choose_reminders, in_its_own_words, without_reminders
from training.finetuning.settings import FinetuneConfig, continued
from training.model import build_model
from training.restore import Restored, config_of, restore, tags_of, without_files
from training.searching import search_bundle
from training.train import train_stage
from training.workspace import (
    Workspace,
    WorkspaceError,
    begin,
    picture_folder,
    pictures_of,
    references,
)


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
    Raises `RestoreError` where the bundle cannot be taught, `ConfigError` where it cannot be taught
    so, `WorkspaceError` where it was begun otherwise, and as `export` where its successor does not
    pass.
    """
    lesson = _prepare(source, dataset, replay, config, runs)
    workspace = lesson.workspace
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    grow(lesson.original.model, model, lesson.mixed)
    train_stage(workspace, model, config.stage)
    manifest = export(model, workspace, lesson.checked_on, out)
    taught = open_bundle(out, threads=2)
    comparisons = lesson.compare(taught)
    manifest = _told(manifest, lesson, comparisons, lesson.alt_text_threshold(taught))
    write_manifest(out, manifest)
    return Taught(manifest, lesson.words, comparisons)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """All that is learnt and measured, made ready; `kept` are the replay's dev pictures.

    `recipe` is all that the model has been taught, the workspace's configuration what is left to
    do: one stage of a model whose weights are at hand.
    """

    original: Restored
    recipe: TrainingConfig
    workspace: Workspace
    kept: Pictures | None
    words: Sequence[str]
    mixed: Mixtures

    @property
    def checked_on(self) -> DevPictures:
        """Give the pictures that the new bundle's graphs are checked on: as many as there are.

        On few, a single caption that changes with the weights' storage would cost too much.
        """
        if self.kept is not None:
            return DevPictures(self.kept.pixels, references(self.kept.images))
        new = [without_reminders(each) for each in self.workspace.pictures.values()]
        pixels = np.concatenate([each.pixels for each in new])
        return DevPictures(pixels, references(image for each in new for image in each.images))

    def alt_text_threshold(self, taught: Bundle) -> float:
        """Keep a calibration's, else take that of the dev pictures, as of every export."""
        before = self.original.manifest
        if before.confidence is not UNSET:
            return before.alt_text_threshold
        found = search_bundle(taught, self.workspace.pictures["dev"].pixels)
        surenesses = [each.ranked[0].mean_probability for each in found]
        return round(float(np.quantile(surenesses, UNSURE_SHARE)), 3)

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
    recipe = continued(config_of(manifest), dataset, config.stage)
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
        without_files(msgspec.structs.replace(recipe, stages=(config.stage,))),
        own_runs,
        dataset.name,
        {**pictures, "train": in_its_own_words(original.bundle, pictures["train"])},
        Vocabulary((*original.bundle.vocabulary.words, *words)),
        tags=tags_of(original.bundle),
    )
    _begin(workspace)
    kept = None
    if replay is not None:
        kept = pictures_of(replay, "dev", resize, runs)
    mixed = mixtures(original.bundle, new, words)
    return _Lesson(original, recipe, workspace, kept, words, mixed)


def _begin(workspace: Workspace) -> None:
    """Begin as every run, but with advice for who has no configuration to name."""
    try:
        begin(workspace)
    except WorkspaceError:
        raise WorkspaceError(
            f"{workspace.folder} was begun with other settings or other captions: delete it, or "
            "give --runs another folder."
        ) from None


def _told(
    manifest: Manifest, lesson: _Lesson, comparisons: Sequence[Comparison], threshold: float
) -> Manifest:
    """Tell in an exported manifest what the bundle comes from, and how it compares with that.

    What the encoder tells is unchanged but for rounding, and so are its thresholds. A calibration
    is kept as well, until another is fitted. Figures of the pictures that the graphs were checked
    on are left out: some were learnt from.
    """
    before = lesson.original.manifest
    compared = {
        each.pictures: {
            "before": each.before.scores.rounded(),
            "after": each.after.scores.rounded(),
        }
        for each in comparisons
    }
    origin = {"name": before.name, "version": before.version, "data": before.data}
    told = msgspec.structs.replace(
        manifest,
        tags=before.tags,
        novelty=before.novelty,
        confidence=before.confidence,
        alt_text_threshold=threshold,
        metrics={"finetune": compared},
        training=to_dict(lesson.recipe),
        data={**_or_empty(manifest.data), "taught_before": origin},
    )
    return msgspec.structs.replace(told, version=version_of(told))


def _or_empty(value: Any) -> Mapping[str, Any]:
    return {} if value is UNSET else value
