"""What is kept of a stage: the epoch whose captions of the dev pictures score highest."""

import csv
import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import Vocabulary
from training.data.views import Seen
from training.decode import KerasCaptioner
from training.evaluation.captioning import best_texts
from training.metrics import cider
from training.model import CaptionModel
from training.report import plot_history

logger = logging.getLogger(__name__)


class DevScore:
    """Captions the dev pictures after each epoch; keeps the best weights, tells when none come.

    Its memory is the history file, so that a run that was killed goes on where it was.
    """

    def __init__(
        self,
        model: CaptionModel,
        seen: Seen,
        references: Mapping[str, tuple[str, ...]],
        vocabulary: Vocabulary,
        beam: BeamSettings,
        *,
        folder: Path,
        patience: int,
    ) -> None:
        self._model = model
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
    def epochs(self) -> int:
        """How many epochs have been judged."""
        return len(self._rows)

    @property
    def _scores(self) -> list[float]:
        return [float(row["dev_cider"]) for row in self._rows]

    def go_on_after(self, epochs: int) -> None:
        """Forget later epochs: they were scored before a kill, but not kept, and are done again."""
        del self._rows[epochs:]

    def judge(self, losses: Mapping[str, float]) -> None:
        """Score the model's present weights, those of another epoch, and keep them if best."""
        epoch = self.epochs + 1
        score = self._score()
        is_best = score > max(self._scores, default=-1.0)
        if is_best:
            unfinished = self._best.with_name("unfinished.weights.h5")
            self._model.save_weights(unfinished)
            unfinished.replace(self._best)
        row = {"epoch": epoch, **losses, "dev_cider": score}
        self._rows.append({name: str(value) for name, value in row.items()})
        self._write_history()
        logger.info("epoch %d: dev CIDEr %.1f%s", epoch, score, " (best)" if is_best else "")

    def _score(self) -> float:
        self._captioner = self._captioner or KerasCaptioner(self._model)
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
