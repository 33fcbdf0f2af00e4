"""One training run: stages one after another, each resumable, the best by dev CIDEr kept."""

import csv
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import Vocabulary
from training.config import Stage, TrainingConfig
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
from training.encoders.choice import choose_what_learns
from training.evaluation.captioning import best_texts
from training.looks import Looks
from training.metrics import cider
from training.model import CaptionModel, SmoothedCrossEntropy, build_model
from training.report import plot_history
from training.rewards import Reward
from training.self_critical import self_critical_batches
from training.tags import things_named
from training.word_vectors import begin_words
from training.workspace import Workspace, WorkspaceError

logger = logging.getLogger(__name__)


class DevScore(keras.callbacks.SwapEMAWeights):
    """Captions the dev pictures after each epoch; keeps the best weights, stops when none come.

    Captions and validation loss are of the weights averaged over time, which it puts into the
    model for as long as they are asked for. Its memory is the history file, so that a run that was
    killed goes on where it was.
    """

    def __init__(
        self,
        seen: Seen,
        references: Mapping[str, tuple[str, ...]],
        vocabulary: Vocabulary,
        beam: BeamSettings,
        *,
        folder: Path,
        patience: int,
    ) -> None:
        super().__init__()
        self._seen, self._references = seen, references
        self._vocabulary, self._beam = vocabulary, beam
        self._history, self._best = folder / "history.csv", folder / "best.weights.h5"
        self._patience = patience
        self._rows: list[dict[str, str]] = []
        self._captioner: KerasCaptioner | None = None
        if self._history.is_file():
            with self._history.open(newline="") as file:
                self._rows = list(csv.DictReader(file))

    @property
    def is_stale(self) -> bool:
        """Whether as many epochs as there is patience for have brought nothing better."""
        scores = self._scores
        return bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= self._patience

    @property
    def _scores(self) -> list[float]:
        return [float(row["dev_cider"]) for row in self._rows]

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        del self._rows[epoch:]  # scored before a kill, but not backed up: done again

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.on_test_begin()  # not on_predict_…: Keras 3.15 never swaps back at their end
        score = self._score()
        is_best = score > max(self._scores, default=-1.0)
        if is_best:
            unfinished = self._best.with_name("unfinished.weights.h5")
            self.model.save_weights(unfinished)
            unfinished.replace(self._best)
        self.on_test_end()
        row = {"epoch": epoch + 1, **(logs or {}), "dev_cider": score}
        self._rows.append({name: str(value) for name, value in row.items()})
        self._write_history()
        logger.info("epoch %d: dev CIDEr %.1f%s", epoch + 1, score, " (best)" if is_best else "")
        self.model.stop_training = self.is_stale

    def _score(self) -> float:
        self._captioner = self._captioner or KerasCaptioner(self.model)
        found = self._captioner.search(self._seen, self._beam)
        return cider(self._references, best_texts(self._references, found, self._vocabulary))

    def _write_history(self) -> None:
        unfinished = self._history.with_suffix(".part")
        with unfinished.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self._rows[0]))
            writer.writeheader()
            writer.writerows(self._rows)
        unfinished.replace(self._history)
        plot_history(self._history, self._history.with_suffix(".png"))


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
        if not self.workspace.texts:
            raise WorkspaceError(
                f"Stage {stage.name} learns from captions without pictures: name them by --text."
            )
        places = {tag: place for place, tag in enumerate(self.workspace.tags)}
        named = []
        for captions in self._text_captions:
            known = {n: c for n, c in things_named(captions).items() if n in places}
            tags = np.array([places[name] for name in known], np.int64)
            named.append((tags, np.array([*known.values()], np.int64)))
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
            seed=self.config.seed,
        )

    def train_stage(self, stage: Stage) -> None:
        """Train one stage from the model's present weights and leave its best ones in it."""
        folder = self.workspace.stage(stage.name)
        choose_what_learns(self.model.encoder, stage)
        decoder_dropout = self.config.decoder.dropout
        self.model.decoder.set_dropout(decoder_dropout if stage.dropout is None else stage.dropout)
        views = self.looks.views("dev", stage)
        sampler = self._sampler(stage)
        batches = (
            self._sampled_batches(stage, sampler)
            if stage.objective == "self-critical"
            else training_batches(sampler, any_length=self.model.decoder.takes_any_length)
        )
        score = DevScore(
            views.plain() if stage.images_per_step else _told_alone(views.plain()),
            self.workspace.references("dev"),
            self.workspace.vocabulary,
            beam_settings(self.config),
            folder=folder,
            patience=stage.patience,
        )
        # In this order: an epoch that is backed up has been scored. The backup before it is kept
        # until then, as a kill may come in the middle of writing.
        backup = keras.callbacks.BackupAndRestore(
            folder / "backup", double_checkpoint=True, delete_checkpoint=False
        )
        if not score.is_stale:
            self._compile(stage, steps=len(batches) * stage.epochs)
            self.model._initial_epoch = 0  # Keras keeps that of a stage that was resumed before
            self.model.fit(
                batches,
                validation_data=plain_batches(views, self.captions("dev"), images_per_step=16),
                epochs=stage.epochs,
                callbacks=[score, backup],
                shuffle=False,  # the batches have an order of their own
                verbose=1,
            )
        self.model.load_weights(self.workspace.best(stage.name))

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
            replace(beam_settings(self.config), beam_size=stage.samples),
        )

    def _compile(self, stage: Stage, *, steps: int) -> None:
        warmup = min(stage.warmup_steps, steps // 4)
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else stage.learning_rate,
            decay_steps=steps - warmup,
            warmup_target=stage.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
        optimizer = TwoRateAdamW(
            rate,
            slower={each.path: stage.encoder_rate for each in self.model.encoder.variables},
            weight_decay=stage.weight_decay,
            beta_2=0.98,
            global_clipnorm=stage.clip_norm,
            use_ema=True,
            ema_momentum=stage.ema_momentum,
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        loss = SmoothedCrossEntropy(stage.label_smoothing)
        if stage.objective == "self-critical":
            # Advantages sum to nothing: the mean is over all places, not over their weights.
            loss = SmoothedCrossEntropy(0.0, reduction="sum_over_batch_size")
        self.model.compile(optimizer, loss, jit_compile=False)


class TwoRateAdamW(keras.optimizers.AdamW):
    """AdamW that lets some variables, by their paths, learn at a share of the rate."""

    def __init__(self, rate: Any, *, slower: Mapping[str, float], **settings: Any) -> None:
        super().__init__(rate, **settings)
        self._slower = slower

    def build(self, variables: Any) -> None:
        super().build(variables)
        self._shares = [self._slower.get(variable.path, 1.0) for variable in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        share = self._shares[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * share)


def _told_alone(seen: Seen) -> Seen:
    """Give what is seen of pictures whose grid is not to be trusted at all."""
    return {**seen, "trust": np.zeros_like(seen["trust"])}


def beam_settings(config: TrainingConfig) -> BeamSettings:
    """Give the search that a configuration asks for."""
    beam = config.beam
    return BeamSettings(
        beam.beam_size,
        length_penalty=beam.length_penalty,
        min_words=beam.min_words,
        max_words=config.data.max_words,
    )


def train(workspace: Workspace) -> CaptionModel:
    """Run every stage that is not finished yet; give the model with the last one's best weights.

    A run that was killed goes on from its last whole epoch when it is called again.
    """
    model = build_model(workspace.config, len(workspace.vocabulary), workspace.tags)
    begin_words(model.decoder, workspace.config, workspace.vocabulary)
    for stage in workspace.config.stages:  # a fault of the last is told before the first begins
        choose_what_learns(model.encoder, stage)
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
