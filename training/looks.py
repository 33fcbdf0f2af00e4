"""What the parts of a model that do not learn make of a data set's pictures, computed once."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from training.arrays import packed, unpacked
from training.config import Stage
from training.data.splits import Split
from training.data.views import Look, Views
from training.grids import computed, cropped, mirrored, weights_digest
from training.model import CaptionModel
from training.tagging import Fitted, Habits, fit_recogniser
from training.tags import Named
from training.workspace import Workspace

RECOGNISER = "recogniser.npz"
"""The file, in a run's folder, of a recogniser as it was fitted."""
_PLAIN, _MIRRORED = "plain", "mirrored"


class Looks:
    """The pictures of a run, in every way that its stages look at them.

    Where the model has a recogniser, it is fitted once, and its weights and what it tells of the
    training pictures are kept with the run.
    """

    def __init__(
        self,
        workspace: Workspace,
        model: CaptionModel,
        *,
        fit: bool = True,
        once: Callable[[Callable[[], bytes]], bytes] = lambda make: make(),
    ) -> None:
        """Without `fit` a recogniser is taken to be fitted already.

        `once` gives what is made once for all processes of a run, which is the recogniser's fit.
        """
        self._workspace, self._model, self._fit, self._once = workspace, model, fit, once

    def views(self, split: Split, stage: Stage) -> Views:
        """Give what a stage sees of a split, with as little left to compute as can be."""
        names = _names(stage) if split == "train" else [_PLAIN]
        if stage.tunes_encoder and self._model.halves is None:
            pixels = self._workspace.pictures[split].pixels
            turned = [Look(pixels, is_mirrored=True, turned=True)] * (_MIRRORED in names)
            return Views("pictures", (Look(pixels), *turned))
        kind = "features" if stage.tunes_encoder else "grid"
        told = self.told(split, names) if self._model.recogniser else {}
        return Views(
            kind,
            tuple(
                Look(self._seen(kind, split, name), name == _MIRRORED, told=told.get(name, {}))
                for name in names
            ),
        )

    def told(self, split: Split, names: Iterable[str]) -> dict[str, dict[str, NDArray[Any]]]:
        """Give by look what the recogniser tells of a split: tags and trust.

        Of the training pictures, tags are those of recognisers that had not seen them.
        """
        tags = self.fitted.tags if self._fit else {}
        told = {}
        for name in names:
            found = self._model.recogniser.recognise(self._embedding(split, name))
            told[name] = {what: np.asarray(found[what]) for what in ("tags", "trust")}
            if split == "train" and name in tags:
                told[name]["tags"] = tags[name]
        return told

    @cached_property
    def fitted(self) -> Fitted:
        """Fit the recogniser, or take up what was fitted before."""
        weights, fitted = _unpacked(self._once(self._fit_or_read))
        self._model.recogniser.set_weights(weights)
        return fitted

    def _fit_or_read(self) -> bytes:
        path = self._workspace.folder / RECOGNISER
        if not path.is_file():
            fitted = self._fit_now()
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(_packed(self._model.recogniser.get_weights(), fitted))
            unfinished.replace(path)
        return path.read_bytes()

    def _fit_now(self) -> Fitted:
        names = list(
            dict.fromkeys(n for stage in self._workspace.config.stages for n in _names(stage))
        )
        images = self._workspace.pictures["train"].images
        return fit_recogniser(
            self._model.recogniser,
            {name: self._embedding("train", name) for name in names},
            self._embedding("dev", _PLAIN),
            [Named.of(image.captions) for image in images],
            seed=self._workspace.config.seed,
        )

    def _embedding(self, split: Split, look: str) -> NDArray[np.float32]:
        """Compute the recogniser's embedding from features that later stages want as well."""
        recogniser, halves = self._model.recogniser, self._model.halves
        digest = weights_digest([halves.trunk, recogniser.tail])
        found = computed(
            lambda features: recogniser.embed(ops.cast(features, "float32")),
            self._seen("features", split, look),
            recogniser.tail.output_shape[-1:],
            self._workspace.computed("embedding", split, look, digest),
        )
        return np.asarray(found, np.float32)

    def _seen(self, kind: str, split: Split, look: str) -> NDArray[np.float16]:
        part = self._model.encoder if kind == "grid" else self._model.halves.trunk
        plain_or_mirrored = {_PLAIN: None, _MIRRORED: mirrored}
        return computed(
            part,
            self._workspace.pictures[split].pixels,
            part.output_shape[1:],
            self._workspace.computed(kind, split, look, weights_digest([part])),
            look=plain_or_mirrored[look]
            if look in plain_or_mirrored
            else cropped(int(look.removeprefix("crop"))),
            rows=self._workspace.pictures[split].rows,
        )


def _names(stage: Stage) -> list[str]:
    crops = [f"crop{number}" for number in range(1, stage.crops + 1)]
    return [_PLAIN, *([_MIRRORED] if stage.flips else []), *crops]


def _packed(weights: Iterable[NDArray[Any]], fitted: Fitted) -> bytes:
    habits = fitted.habits
    return packed(
        {
            **{f"weight {number:03}": each for number, each in enumerate(weights)},
            **{f"tags {look}": each for look, each in fitted.tags.items()},
            "chances": habits.chances,
            "strays": habits.strays,
            "stray odds": habits.stray_odds,
        }
    )


def _unpacked(content: bytes) -> tuple[list[NDArray[Any]], Fitted]:
    arrays = unpacked(content)
    weights = [arrays[name] for name in sorted(arrays) if name.startswith("weight ")]
    tags = {
        name.removeprefix("tags "): each
        for name, each in arrays.items()
        if name.startswith("tags ")
    }
    habits = Habits(arrays["chances"], arrays["strays"], arrays["stray odds"])
    return weights, Fitted(tags, habits)
