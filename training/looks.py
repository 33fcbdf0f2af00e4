"""What the parts of a model that do not learn make of a data set's pictures, computed once."""

import pickle
from collections.abc import Iterable
from functools import cached_property
from typing import Any

import numpy as np
from keras import ops
from numpy.typing import NDArray

from training.config import Stage
from training.data.batches import Look, Views
from training.data.splits import Split
from training.grids import computed, cropped, mirrored, weights_digest
from training.model import CaptionModel
from training.tagging import Fitted, fit_recogniser
from training.tags import Named
from training.workspace import Workspace

_PLAIN, _MIRRORED = "plain", "mirrored"


class Looks:
    """The pictures of a run, in every way that its stages look at them.

    Where the model has a recogniser, it is fitted once, and its weights and what it tells of the
    training pictures are kept with the run.
    """

    def __init__(self, workspace: Workspace, model: CaptionModel, *, fit: bool = True) -> None:
        """Without `fit` a recogniser is taken to be fitted already."""
        self._workspace, self._model, self._fit = workspace, model, fit

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
        recogniser = self._model.recogniser
        # Our own file, read where it was written.
        path = self._workspace.folder / "recogniser.pickle"
        if path.is_file():
            weights, fitted = pickle.loads(path.read_bytes())  # noqa: S301 - as above
            recogniser.set_weights(weights)
            return fitted
        names = list(
            dict.fromkeys(n for stage in self._workspace.config.stages for n in _names(stage))
        )
        images = self._workspace.pictures["train"].images
        fitted = fit_recogniser(
            recogniser,
            {name: self._embedding("train", name) for name in names},
            self._embedding("dev", _PLAIN),
            [Named.of(image.captions) for image in images],
            seed=self._workspace.config.seed,
        )
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(pickle.dumps((recogniser.get_weights(), fitted)))
        unfinished.replace(path)
        return fitted

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
        )


def _names(stage: Stage) -> list[str]:
    crops = [f"crop{number}" for number in range(1, stage.crops + 1)]
    return [_PLAIN, *([_MIRRORED] if stage.flips else []), *crops]
