"""One training run: stages one after another, each resumable, the best by dev CIDEr kept."""

import csv
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import Vocabulary
from training.config import Stage, TrainingConfig
from training.data.batches import Captions, Views, encode_captions, training_batches
from training.data.datasets import CaptionDataset
from training.data.splits import Split
from training.decode import KerasDecoder, texts
from training.grids import computed_grids
from training.metrics import cider
from training.model import CaptionModel, SmoothedCrossEntropy, build_model
from training.report import plot_history

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Where a run keeps what it makes."""

    path: Path

    def stage(self, name: str) -> Path:
        folder = self.path / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def best(self, stage: str) -> Path:
        """The weights of a stage's best epoch."""
        return self.path / stage / "best.weights.h5"

    def grids(self, encoder: str, split: Split, *, mirrored: bool = False) -> Path:
        return self.path.parent / "grids" / f"{encoder}-{split}{'-mirrored' * mirrored}.npy"


class DevScore(keras.callbacks.Callback):
    """Captions the dev pictures after each epoch; keeps the best weights, stops when none come.

    Its memory is the history file, so that a run that was killed goes on where it was.
    """

    def __init__(
        self,
        views: Views,
        references: Mapping[str, tuple[str, ...]],
        words: tuple[str, ...],
        beam: BeamSettings,
        *,
        folder: Path,
        patience: int,
    ) -> None:
        super().__init__()
        self._views, self._references, self._words, self._beam = views, references, words, beam
        self._history, self._best = folder / "history.csv", folder / "best.weights.h5"
        self._patience = patience
        self._rows: list[dict[str, str]] = []

    def on_train_begin(self, logs: Any = None) -> None:
        if self._history.is_file():
            with self._history.open(newline="") as file:
                self._rows = list(csv.DictReader(file))
        self.model.stop_training = self._is_stale()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        found = list(KerasDecoder(self.model).search_all(self._views.plain, self._beam))
        captions = dict(zip(self._references, texts(found, self._words), strict=True))
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

    def __init__(
        self,
        config: TrainingConfig,
        dataset: CaptionDataset,
        pictures: Mapping[Split, np.ndarray],
        vocabulary: Vocabulary,
        folder: RunFolder,
    ) -> None:
        self.config, self.folder, self.vocabulary = config, folder, vocabulary
        self._dataset, self._pictures = dataset, pictures
        self.model = build_model(config, len(vocabulary))

    def captions(self, split: Split) -> Captions:
        data = self.config.data
        return encode_captions(
            self._dataset.split(split),
            self.vocabulary,
            per_image=data.captions_per_image,
            max_words=data.max_words,
        )

    def references(self, split: Split) -> dict[str, tuple[str, ...]]:
        return {image.name: image.captions for image in self._dataset.split(split)}

    def views(self, split: Split, stage: Stage) -> Views:
        pictures = self._pictures[split]
        if stage.encoder_from_block is not None:
            return Views("pictures", pictures)
        name = self.config.encoder.name
        plain = computed_grids(self.model.encoder, pictures, self.folder.grids(name, split))
        if split != "train" or not stage.flips:
            return Views("grid", plain)
        path = self.folder.grids(name, split, mirrored=True)
        mirrored = computed_grids(self.model.encoder, pictures, path, mirrored=True)
        return Views("grid", plain, mirrored)

    def train_stage(self, stage: Stage) -> None:
        """Train one stage from the model's present weights and leave its best ones in it."""
        folder = self.folder.stage(stage.name)
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
            self.references("dev"),
            self.vocabulary.words,
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
        self.model.load_weights(self.folder.best(stage.name))

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


def train(
    config: TrainingConfig,
    dataset: CaptionDataset,
    pictures: Mapping[Split, np.ndarray],
    vocabulary: Vocabulary,
    folder: RunFolder,
) -> CaptionModel:
    """Run every stage that is not finished yet; give the model with the last one's best weights.

    `pictures` uint8 [images, side, side, 3] by split, in the data set's order. A run that was
    killed goes on from the last whole epoch when it is called again with the same arguments.
    """
    run = _Run(config, dataset, pictures, vocabulary, folder)
    for stage in config.stages:
        done = folder.stage(stage.name) / "done"
        if done.is_file():
            run.model.load_weights(folder.best(stage.name))
            continue
        logger.info("stage %s", stage.name)
        run.train_stage(stage)
        done.touch()
    return run.model
