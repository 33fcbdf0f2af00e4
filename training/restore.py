"""Bundle -> Keras model, so that a model can be taught further by those who have nothing else.

The model is built anew from the configuration in model.json and given the weights that the graphs
hold (`training.origins` tells where), those in 8 bits as near as these are.
"""

import logging
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import onnx
from msgspec import UNSET
from numpy.typing import NDArray

from captioner.errors import CaptionerError
from captioner.model.bundle import Bundle, Manifest, open_bundle
from training.config import RANDOM, TrainingConfig
from training.decode import KerasCaptioner
from training.export import log_probs_along
from training.model import CaptionModel, build_model
from training.origins import NamedWeights, read_origins
from training.searching import search_bundle

logger = logging.getLogger(__name__)

# The bundle rounds what goes into a matrix product to 8 bits, and stores tied weights twice, once
# exactly: a little of the probability goes to other words even where all weights are right.
LARGEST_DIFFERENCE = 0.02
COMPARED_PICTURES = 16


class RestoreError(CaptionerError):
    """A bundle does not tell, or not rightly, what its Keras model was."""

    code = "restore_failed"
    permanent = True


@dataclass(frozen=True, slots=True)
class Restored:
    """A bundle and its Keras model."""

    bundle: Bundle
    model: CaptionModel
    config: TrainingConfig

    @property
    def manifest(self) -> Manifest:
        return self.bundle.manifest


def restore(folder: Path, pictures: NDArray[np.uint8]) -> Restored:
    """Give the Keras model of a bundle, compared with it on `pictures` [images, side, side, 3].

    Raises `RestoreError` where the bundle does not tell how it was trained or where its weights
    are, or where the model does not say of the pictures what the bundle says; besides, as
    `open_bundle`.
    """
    bundle = open_bundle(folder, threads=2)
    config = config_of(bundle.manifest)
    model = build_model(without_files(config), len(bundle.vocabulary), tags_of(bundle))
    load_weights(model, folder, bundle.manifest)
    _compare(model, bundle, pictures[:COMPARED_PICTURES])
    return Restored(bundle, model, config)


def config_of(manifest: Manifest) -> TrainingConfig:
    """Give the configuration that a bundle was trained with. Raises `RestoreError` without one."""
    if manifest.training is UNSET:
        raise RestoreError(
            f"{manifest.name} cannot be taught further: it tells no training configuration."
        )
    try:
        return msgspec.convert(manifest.training, TrainingConfig)
    except msgspec.ValidationError as fault:
        raise RestoreError(
            f"The training configuration of {manifest.name} is not one that is known here: {fault}."
        ) from None


def without_files(config: TrainingConfig) -> TrainingConfig:
    """Give the configuration of the same model, begun with random weights: a bundle has all."""
    encoder = msgspec.structs.replace(config.encoder, weights=RANDOM)
    decoder = msgspec.structs.replace(config.decoder, word_vectors=None, freeze_words=False)
    return msgspec.structs.replace(config, encoder=encoder, decoder=decoder)


def tags_of(bundle: Bundle) -> dict[str, int]:
    """Give the words that the bundle's recogniser tells, with their ids."""
    if bundle.manifest.tags is UNSET:
        return {}
    return {name: bundle.vocabulary.id_of(name) for name in bundle.manifest.tags.names}


def load_weights(model: CaptionModel, folder: Path, manifest: Manifest) -> None:
    """Give a model the weights of a bundle. Raises `RestoreError` where it does not tell them."""
    named = NamedWeights(model)
    shapes = {name: values.shape for name, values in named.values().items()}
    weights: dict[str, NDArray[np.float32]] = {}
    for graph in (manifest.encoder, manifest.decoder):
        weights = read_origins(onnx.load(folder / graph.file), shapes) | weights
    if lacking := named.missing(set(weights)):
        raise RestoreError(
            f"{folder} does not tell where {len(lacking)} of its weights are, as {lacking[0]}: "
            "export it again with this version."
        )
    named.put_back(weights)


def _compare(model: CaptionModel, bundle: Bundle, pictures: NDArray[np.uint8]) -> None:
    """Compare what both think of the next word, all along the bundle's own captions."""
    captioner = KerasCaptioner(model)
    differences: list[float] = []
    for row, found in enumerate(search_bundle(bundle, pictures)):
        picture, ids = np.asarray(pictures[row : row + 1]), found.ranked[0].ids
        expected = np.exp(log_probs_along(bundle.start(picture), ids))
        relearnt = np.exp(log_probs_along(captioner.start(picture), ids))
        differences += (np.abs(expected - relearnt).sum(axis=1) / 2).tolist()
    difference = float(np.mean(differences))
    logger.info("restored: the next word's probabilities are shifted by %.4f", difference)
    if not difference <= LARGEST_DIFFERENCE:  # a NaN is no agreement either
        raise RestoreError(
            f"The model restored from {bundle.manifest.name} does not say what the bundle says: "
            f"{difference:.3f} of the next word's probability goes to other words."
        )
