"""One training run: stages one after another, each resumable, the best by dev CIDEr kept."""

import csv
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import Vocabulary
from training.config import Stage, TrainingConfig
from training.data.batches import Captions, Views, encode_captions, training_batches
from training.data.splits import Split
from training.decode import KerasCaptioner
from training.evaluate import best_texts
from training.grids import computed_grids
from training.metrics import cider
from training.model import CaptionModel, SmoothedCrossEntropy, build_model
from training.report import plot_history
from training.workspace import Workspace, WorkspaceError

logger = logging.getLogger(__name__)


class DevScore(keras.callbacks.Callback):
    """Captions the dev pictures after each epoch; keeps the best weights, stops when none come.

    Its memory is the history file, so that a run that was killed goes on where it was.
    """

    def __init__(
        self,
        views: Views,
        references: Mapping[str, tuple[str, ...]],
        vocabulary: Vocabulary,
        beam: BeamSettings,
        *,
        folder: Path,
        patience: int,
    ) -> None:
        super().__init__()
        self._views, self._references = views, references
        self._vocabulary, self._beam = vocabulary, beam
        self._history, self._best = folder / "history.csv", folder / "best.weights.h5"
        self._patience = patience
        self._rows: list[dict[str, str]] = []
        self._captioner: KerasCaptioner | None = None

    def on_train_begin(self, logs: Any = None) -> None:
        if self._history.is_file():
            with self._history.open(newline="") as file:
                self._rows = list(csv.DictReader(file))
        self.model.stop_training = self._is_stale()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._captioner = self._captioner or KerasCaptioner(self.model)
        found = self._captioner.search(self._views.plain, self._beam)
        captions = best_texts(self._references, found, self._vocabulary)
        score = cider(self._references, captions)
        logs = {} if logs is None else logs
        logs["dev_cider"] = score
        is_best = not self._rows or score > max(float(row["dev_cider"]) for row in self._rows)
        row = {"epoch": epoch + 1, **logs}
        self._rows.append({name: str(value) for name, value in row.items()})
        if is_best:
            self.model.save_weights(self._best)
        with self._history.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self._rows[0]))
            writer.writeheader()
            writer.writerows(self._rows)
        plot_history(self._history, self._history.with_suffix(".png"))
        logger.info("epoch %d: dev CIDEr %.1f%s", epoch + 1, score, " (best)" if is_best else "")
        self.model.stop_training = self._is_stale()

    def _is_stale(self) -> bool:
        scores = [float(row["dev_cider"]) for row in self._rows]
        return bool(scores) and len(scores) - 1 - int(np.argmax(scores)) >= self._patience


class _Run:
    """The parts that all stages of a run share."""

    def __init__(self, workspace: Workspace, model: CaptionModel) -> None:
        self.workspace, self.model = workspace, model
        self.config = workspace.config

    def captions(self, split: Split) -> Captions:
        data = self.config.data
        return encode_captions(
            self.workspace.pictures[split].images,
            self.workspace.vocabulary,
            per_image=data.captions_per_image,
            max_words=data.max_words,
        )

    def views(self, split: Split, stage: Stage) -> Views:
        if stage.encoder_from_block is not None:
            return Views("pictures", self.workspace.pictures[split].pixels)
        plain = self._grids(split)
        if split != "train" or not stage.flips:
            return Views("grid", plain)
        return Views("grid", plain, self._grids(split, mirrored=True))

    def _grids(self, split: Split, *, mirrored: bool = False) -> NDArray[np.float16]:
        return computed_grids(
            self.model.encoder,
            self.workspace.pictures[split].pixels,
            self.workspace.grids(split, mirrored=mirrored),
            mirrored=mirrored,
        )

    def train_stage(self, stage: Stage) -> None:
        """Train one stage from the model's present weights and leave its best ones in it."""
        folder = self.workspace.stage(stage.name)
        self._choose_what_learns(stage)
        batches, dev = (
            training_batches(
                self.views(split, stage),
                self.captions(split),
                images_per_step=stage.images_per_step,
                seed=self.config.seed,
                flips=stage.flips and split == "train",
                shuffle=split == "train",
            )
            for split in ("train", "dev")
        )
        self._compile(stage, steps=len(batches) * stage.epochs)
        score = DevScore(
            self.views("dev", stage),
            self.workspace.references("dev"),
            self.workspace.vocabulary,
            beam_settings(self.config),
            folder=folder,
            patience=stage.patience,
        )
        # In this order: the backup holds the raw weights, the score those averaged over time.
        callbacks = [
            keras.callbacks.BackupAndRestore(folder / "backup", delete_checkpoint=False),
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            score,
        ]
        self.model.fit(
            batches, validation_data=dev, epochs=stage.epochs, callbacks=callbacks, verbose=1
        )
        self.model.load_weights(self.workspace.best(stage.name))

    def _choose_what_learns(self, stage: Stage) -> None:
        encoder = self.model.encoder
        encoder.trainable = stage.encoder_from_block is not None
        if stage.encoder_from_block is not None:
            from training.encoders.efficientnet_lite import freeze_below

            freeze_below(encoder, stage.encoder_from_block)

    def _compile(self, stage: Stage, *, steps: int) -> None:
        warmup = min(stage.warmup_steps, steps // 4)
        rate = keras.optimizers.schedules.CosineDecay(
            initial_learning_rate=0.0 if warmup else stage.learning_rate,
            decay_steps=steps - warmup,
            warmup_target=stage.learning_rate if warmup else None,
            warmup_steps=warmup,
        )
        optimizer = keras.optimizers.AdamW(
            rate,
            weight_decay=stage.weight_decay,
            beta_2=0.98,
            global_clipnorm=stage.clip_norm,
            use_ema=True,
            ema_momentum=stage.ema_momentum,
        )
        optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
        self.model.compile(
            optimizer, SmoothedCrossEntropy(stage.label_smoothing), jit_compile=False
        )


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
    model = build_model(workspace.config, len(workspace.vocabulary))
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


def trained_model(workspace: Workspace) -> CaptionModel:
    """Give the model with the best weights of the last stage that has any.

    Raises `WorkspaceError` where nothing has been trained.
    """
    model = build_model(workspace.config, len(workspace.vocabulary))
    for stage in reversed(workspace.config.stages):
        if workspace.best(stage.name).is_file():
            model.load_weights(workspace.best(stage.name))
            return model
    raise WorkspaceError("There is no trained model yet: run `python -m training train` first.")
