"""One training run: stages one after another, each resumable, the best by dev CIDEr kept."""

import logging
import warnings
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from training.config import Stage
from training.data.batches import (
    Captions,
    EncodedTexts,
    Mixture,
    Sampler,
    Seen,
    encode_captions,
    plain_batches,
    training_batches,
)
from training.data.splits import Split
from training.decode import KerasCaptioner
from training.dev_score import DevScore
from training.encoders.choice import choose_what_learns
from training.looks import Looks
from training.model import CaptionModel, build_model
from training.optimising import compile_for
from training.rewards import Reward
from training.self_critical import self_critical_batches
from training.tags import Named
from training.word_vectors import begin_words
from training.workspace import Workspace, WorkspaceError

logger = logging.getLogger(__name__)


class _Epochs(keras.callbacks.Callback):
    """Tells a sampler which epoch it is, be it the first of a run that goes on."""

    def __init__(self, sampler: Sampler) -> None:
        super().__init__()
        self._sampler = sampler

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._sampler.epoch = epoch


class _Run:
    """The parts that all stages of a run share."""

    def __init__(self, workspace: Workspace, model: CaptionModel, *, fit: bool = True) -> None:
        self.workspace, self.model = workspace, model
        self.config = workspace.config

        self.looks = Looks(workspace, model, fit=fit)

    def captions(self, split: Split) -> Captions:
        return self._encode([image.captions for image in self.workspace.pictures[split].images])

    def _encode(self, images: Sequence[Sequence[str]]) -> Captions:
        data = self.config.data
        return encode_captions(
            images,
            self.workspace.vocabulary,
            per_image=data.captions_per_image,
            max_words=data.max_words,
        )

    def _texts(self, stage: Stage) -> EncodedTexts | None:
        """Encode the captions without pictures, and what they name, for a stage that wants them."""
        if not stage.texts_per_step:
            return None
        places = {tag: place for place, tag in enumerate(self.workspace.tags)}
        named = []
        for captions in self._text_captions:
            counts = Named.of(captions).counts
            known = [name for name in counts if name in places]
            tags = np.array([places[name] for name in known], np.int64)
            named.append((tags, np.array([counts[name] for name in known], np.int64)))
        habits = self.looks.fitted.habits
        return EncodedTexts(
            self._encode(self._text_captions).tokens,
            lambda rows, chance: habits.imagine([named[row] for row in rows], chance),
            tuple(len(texts.captions) for texts in self.workspace.texts),
        )

    @cached_property
    def _text_captions(self) -> list[tuple[str, ...]]:
        return [captions for texts in self.workspace.texts for captions in texts.captions]

    def _sampler(self, stage: Stage) -> Sampler:
        return Sampler(
            self.looks.views("train", stage),
            self.captions("train"),
            self._texts(stage),
            Mixture(stage.images_per_step, stage.texts_per_step, stage.blind),
            seed=(self.config.seed, zlib.crc32(stage.name.encode())),
        )

    def train_stage(self, stage: Stage) -> None:
        """Train one stage from the model's present weights and leave its best ones in it."""
        folder = self.workspace.stage(stage.name)
        choose_what_learns(self.model.encoder, stage)
        decoder_dropout = self.config.decoder.dropout
        self.model.decoder.set_dropout(decoder_dropout if stage.dropout is None else stage.dropout)
        seen = self.looks.views("dev", stage).plain()
        if not stage.images_per_step:
            seen = _told_alone(seen)
        sampler = self._sampler(stage)
        batches = (
            self._sampled_batches(stage, sampler)
            if stage.objective == "self-critical"
            else training_batches(sampler, any_length=self.model.decoder.takes_any_length)
        )
        score = DevScore(
            seen,
            self.workspace.references("dev"),
            self.workspace.vocabulary,
            self.workspace.beam_settings,
            folder=folder,
            patience=stage.patience,
        )
        # In this order: an epoch that is backed up has been scored. The backup before it is kept
        # until then, as a kill may come in the middle of writing.
        backup = keras.callbacks.BackupAndRestore(
            folder / "backup", double_checkpoint=True, delete_checkpoint=False
        )
        if not score.is_stale:
            compile_for(self.model, stage, steps=len(batches) * stage.epochs)
            self.model._initial_epoch = 0  # Keras keeps that of a stage that was resumed before
            with warnings.catch_warnings():
                if not stage.images_per_step:  # what reads the grid has nothing to learn from
                    warnings.filterwarnings("ignore", "Gradients do not exist", UserWarning)
                self.model.fit(
                    batches,
                    validation_data=self._validation(stage, seen),
                    epochs=stage.epochs,
                    callbacks=[_Epochs(sampler), score, backup],
                    shuffle=False,  # the batches have an order of their own
                    verbose=1,
                )
        self.model.load_weights(self.workspace.best(stage.name))

    def _validation(self, stage: Stage, seen: Seen) -> tf.data.Dataset | None:
        """Give the dev captions; self-critical training's loss of them would tell nothing."""
        if stage.objective == "self-critical":
            return None
        return plain_batches(seen, self.captions("dev"), images_per_step=16)

    def _sampled_batches(self, stage: Stage, sampler: Sampler) -> tf.data.Dataset:
        reward = Reward(
            [image.captions for image in self.workspace.pictures["train"].images],
            self._text_captions if stage.texts_per_step else [],
            made_up_cost=stage.made_up_cost,
        )
        return self_critical_batches(
            KerasCaptioner(self.model),
            sampler,
            self.workspace.vocabulary,
            reward,
            replace(self.workspace.beam_settings, beam_size=stage.samples),
        )


def _told_alone(seen: Seen) -> Seen:
    """Give what is seen of pictures whose grid is not to be trusted at all."""
    return {**seen, "trust": np.zeros_like(seen["trust"])}


def train(workspace: Workspace) -> CaptionModel:
    """Run every stage that is not finished yet; give the model with the last one's best weights.

    A run that was killed goes on from its last whole epoch when it is called again.
    """
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    begin_words(model.decoder, workspace.config, workspace.vocabulary)
    for stage in workspace.config.stages:  # a fault of the last is told before the first begins
        choose_what_learns(model.encoder, stage)
    workspace.check_texts()
    run = _Run(workspace, model)
    for stage in workspace.config.stages:
        done = workspace.stage(stage.name) / "done"
        if done.is_file():
            model.load_weights(workspace.best(stage.name))
            continue
        logger.info("stage %s", stage.name)
        run.train_stage(stage)
        done.touch()
    return model


def train_stage(workspace: Workspace, model: CaptionModel, stage: Stage) -> None:
    """Run one stage of a model that has learnt already, and leave its best weights in it.

    Its recogniser, if it has one, stays as it is. Goes on where it was as `train` does.
    """
    workspace.check_texts()
    _Run(workspace, model, fit=False).train_stage(stage)


def trained_model(workspace: Workspace, stage: str | None = None) -> CaptionModel:
    """Give the model with the best weights of a stage, or of the last one that has any.

    Raises `WorkspaceError` where nothing has been trained.
    """
    names = [each.name for each in workspace.config.stages]
    if stage not in (None, *names):
        raise WorkspaceError(f"There is no stage {stage}: the run's are {', '.join(names)}.")
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    for name in [stage] if stage else reversed(names):
        if workspace.best(name).is_file():
            model.load_weights(workspace.best(name))
            return model
    raise WorkspaceError("There is no trained model yet: run `python -m training train` first.")
