"""What is kept of a stage: the epoch whose captions of the dev pictures score highest."""

import csv
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import Vocabulary
from training.data.batches import Seen
from training.decode import KerasCaptioner
from training.evaluation.captioning import best_texts
from training.metrics import cider
from training.report import plot_history

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
