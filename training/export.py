"""Keras model -> bundle: traced, converted by tf2onnx, checked, stored in less room, checked.

Nothing is written to where it ships from until every check has passed.
"""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from captioner.errors import CaptionerError
from captioner.model.bundle import Bundle, GraphFile, Manifest, open_bundle
from captioner.model.confidence import Found
from captioner.model.decoding import LogProbs, Step
from captioner.model.manifest import NoveltyLimit, TagNames, version_of, write_manifest
from captioner.model.vocabulary import START, Vocabulary
from training.config import to_dict
from training.conversion import to_onnx
from training.decode import KerasCaptioner, TracedModel
from training.evaluation.captioning import best_texts
from training.metrics import cider
from training.model import CaptionModel
from training.origins import NamedWeights, note_origins
from training.searching import search_bundle
from training.storage import store_decoder, store_encoder
from training.tags import Named, shown_things
from training.thresholds import best_tag_limit, novelty_limit
from training.workspace import Workspace

logger = logging.getLogger(__name__)

LARGEST_DIFFERENCE = 1e-3
LARGEST_CIDER_LOSS = 0.5
COMPARED_CAPTIONS = 100
RANGED_PICTURES = 100
# The least sure part of the dev captions is below the threshold: there, another captioner's
# caption is preferred where there is one.
UNSURE_SHARE = 0.2


class ExportError(CaptionerError):
    """What was exported does not do what the Keras model does."""

    code = "export_failed"
    permanent = True


@dataclass(frozen=True, slots=True)
class DevPictures:
    """The dev split as the export is checked on it; pictures uint8 [images, side, side, 3]."""

    pictures: NDArray[np.uint8]
    references: dict[str, tuple[str, ...]]

    def score(self, found: Sequence[Found], vocabulary: Vocabulary) -> float:
        ranked = [each.ranked for each in found]
        return cider(self.references, best_texts(self.references, ranked, vocabulary))


def export(model: CaptionModel, workspace: Workspace, dev: DevPictures, folder: Path) -> Manifest:
    """Write the bundle of a trained model into `folder`, replacing the bundle that is there.

    Raises `ExportError` where the fp32 graphs' log-probabilities, tags or novelty differ from Keras
    by more than 1e-3, one of the first 100 dev captions differs, or what is said of a picture
    depends on the other pictures of its batch. They are stored in as little room as costs at most
    0.5 dev CIDEr (percent scale).
    """
    vocabulary, train = workspace.vocabulary, workspace.pictures["train"].pixels
    manifest = _manifest(model, workspace)
    with tempfile.TemporaryDirectory() as workshop:
        plain, stored = Path(workshop) / "fp32", Path(workshop) / "stored"
        _convert(model, plain)
        seal(plain, manifest)
        reference = open_bundle(plain, threads=2)
        _check_against_keras(model, reference, dev)
        plain_score = dev.score(search_bundle(reference, dev.pictures), vocabulary)
        found = store(plain, stored, manifest, dev, train, at_least=plain_score, whole=True)
        score = dev.score(found, vocabulary)
        metrics = {"dev_cider": {"fp32": round(plain_score, 2), "shipped": round(score, 2)}}
        manifest = seal(stored, with_limits(manifest, found, dev, metrics))
        move_in(stored, folder)
    return manifest


def store(
    plain: Path,
    stored: Path,
    manifest: Manifest,
    dev: DevPictures,
    train: NDArray[np.uint8],
    *,
    at_least: float,
    whole: bool = False,
) -> list[Found]:
    """Store the bundle in `plain` in less room in `stored`; give what it finds on the dev pictures.

    The encoder computes in 8 bits, with ranges found on pictures of `train`, unless that costs too
    much of the dev CIDEr `at_least`; where even the rest does, as a single other caption can on few
    pictures, the bundle is left as it is if it may be `whole`. Raises `ExportError` where it may
    not, or where what is said of a picture depends on the other pictures of its batch.
    """
    stored.mkdir(exist_ok=True)
    forms: dict[str, Callable[[], object]] = {
        "8 bits": lambda: _store_smaller(plain, stored, _spread(train)),
        "8 bits, the encoder's weights in half precision": lambda: _store_smaller(plain, stored),
    }
    if whole:
        forms["single precision"] = lambda: move_in(plain, stored)
    loss = 0.0
    for form, write in forms.items():
        write()
        seal(stored, manifest)
        bundle = open_bundle(stored, threads=2)
        found = search_bundle(bundle, dev.pictures)
        loss = at_least - dev.score(found, bundle.vocabulary)
        logger.info("dev CIDEr: %.2f, in %s %.2f less", at_least, form, loss)
        if loss <= LARGEST_CIDER_LOSS:
            _check_batch_independence(bundle, dev.pictures, found)
            return found
    raise ExportError(
        f"Storing the weights in less room costs {loss:.2f} dev CIDEr, more than "
        f"{LARGEST_CIDER_LOSS}."
    )


def _store_smaller(plain: Path, stored: Path, pictures: NDArray[np.uint8] | None = None) -> None:
    store_decoder(plain / "decoder.onnx", stored / "decoder.onnx")
    store_encoder(plain / "encoder.onnx", stored / "encoder.onnx", pictures=pictures)


def _spread(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Choose pictures from all over a split to find ranges on."""
    return np.asarray(pictures[:: max(1, len(pictures) // RANGED_PICTURES)][:RANGED_PICTURES])


def move_in(stored: Path, folder: Path) -> None:
    """Replace a bundle's files by those of another."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in stored.iterdir():
        shutil.copyfile(path, folder / path.name)


def with_limits(
    manifest: Manifest, found: Sequence[Found], dev: DevPictures, metrics: Mapping[str, Any]
) -> Manifest:
    """Add from where on what the bundle told of the dev pictures is worth telling."""
    surenesses = [each.ranked[0].mean_probability for each in found]
    changes: dict[str, Any] = {
        "alt_text_threshold": round(float(np.quantile(surenesses, UNSURE_SHARE)), 3),
        "metrics": dict(metrics),
    }
    if manifest.tags is not UNSET:
        names = manifest.tags.names
        chances = np.stack([each.tags for each in found if each.tags is not None])
        named = map(Named.of, dev.references.values())
        limit = best_tag_limit(chances, shown_things(named, names))
        changes["tags"] = TagNames(names, limit.threshold)
        changes["metrics"]["dev_tags"] = limit.as_metrics()
        logger.info("dev tags: %s", limit.as_metrics())
    if manifest.novelty is not UNSET:
        novelty = np.array([each.novelty for each in found])
        changes["novelty"] = NoveltyLimit(novelty_limit(novelty))
    return msgspec.structs.replace(manifest, **changes)


def _manifest(model: CaptionModel, workspace: Workspace) -> Manifest:
    config = workspace.config
    unknown = GraphFile("unknown.onnx", "0" * 64)
    told: dict[str, Any] = {}
    if model.recogniser is not None:  # limits that tell all, until they are fitted
        told = {"tags": TagNames(model.recogniser.tags, 0.0), "novelty": NoveltyLimit(0.0)}
    return Manifest(
        name=config.name,
        version="0",
        language="en",
        encoder=unknown,
        decoder=unknown,
        resize=config.data.resize,
        cache_shapes=dict(model.decoder.cache_shapes),
        vocabulary=workspace.vocabulary.words,
        beam=config.search,
        alt_text_threshold=0.0,
        training=to_dict(config),
        data=workspace.describe_data(),
        terms=config.terms,
        **told,
    )


def seal(folder: Path, manifest: Manifest) -> Manifest:
    """Write model.json with the files' checksums and the version that follows."""
    files = {}
    for name in ("encoder", "decoder"):
        path = folder / f"{name}.onnx"
        files[name] = GraphFile(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    sealed = msgspec.structs.replace(manifest, **files)
    sealed = msgspec.structs.replace(sealed, version=version_of(sealed))
    write_manifest(folder, sealed)
    return sealed


def _convert(model: CaptionModel, folder: Path) -> None:
    """Write encoder.onnx and decoder.onnx in fp32."""
    folder.mkdir(parents=True)
    traced = TracedModel(model)
    weights = NamedWeights(model)
    noted: set[str] = set()
    for name, function in (("encoder", traced.encode), ("decoder", traced.step)):
        proto = to_onnx(function)
        noted |= note_origins(proto, weights.values())
        (folder / f"{name}.onnx").write_bytes(proto.SerializeToString())
    if lacking := weights.missing(noted):
        logger.warning("the bundle cannot be taught further: it does not tell %s", lacking[0])


def _check_against_keras(model: CaptionModel, bundle: Bundle, dev: DevPictures) -> None:
    """Compare log-probabilities along the captions, and the captions themselves."""
    pictures = np.asarray(dev.pictures[:COMPARED_CAPTIONS])
    keras_captioner = KerasCaptioner(model)
    expected = list(keras_captioner.search(pictures, bundle.beam_settings))
    found = search_bundle(bundle, pictures)
    difference = max(
        np.abs(
            log_probs_along(keras_captioner.start(pictures[row : row + 1]), ids)
            - log_probs_along(bundle.start(pictures[row : row + 1]), ids)
        ).max()
        for row, ids in enumerate(ranked[0].ids for ranked in expected)
    )
    _check_difference("A log-probability", difference)
    differing = sum(
        one[0].ids != other.ranked[0].ids for one, other in zip(expected, found, strict=True)
    )
    if differing:
        raise ExportError(f"{differing} of {len(pictures)} dev captions differ from Keras.")
    told = keras_captioner.told(pictures)
    for name, rows in _told(found).items():
        _check_difference(f"What is told as {name}", float(np.abs(rows - told[name]).max()))


def _check_difference(what: str, difference: float) -> None:
    logger.info("%s differs from Keras by %.1e at most", what.lower(), difference)
    if not difference <= LARGEST_DIFFERENCE:  # a NaN is no agreement either
        raise ExportError(
            f"{what} differs from Keras by {difference:.1e}, more than {LARGEST_DIFFERENCE:.0e}."
        )


def _told(found: Sequence[Found]) -> dict[str, NDArray[np.float32]]:
    """Give what is told of pictures beside their captions: `tags` and `novelty`, if any is."""
    told = {name: [getattr(each, name) for each in found] for name in ("tags", "novelty")}
    return {name: np.array(rows) for name, rows in told.items() if rows[0] is not None}


def log_probs_along(step: Step, ids: Sequence[int]) -> LogProbs:
    """Give the log-probabilities [steps, vocabulary] after the start and after each of `ids`."""
    row = np.zeros(1, np.int64)
    return np.stack([step(np.array([token]), row)[0] for token in (START, *ids)])


def _check_batch_independence(
    bundle: Bundle, pictures: NDArray[np.uint8], found: Sequence[Found]
) -> None:
    together = found[:COMPARED_CAPTIONS]
    alone = search_bundle(bundle, pictures[:COMPARED_CAPTIONS], batch=1)
    differing = sum(
        one.ranked[0].ids != other.ranked[0].ids for one, other in zip(alone, together, strict=True)
    )
    if differing:
        raise ExportError(
            f"{differing} of {len(alone)} dev captions depend on the other pictures of the batch."
        )
    told = _told(together)
    for name, rows in _told(alone).items():
        difference = float(np.abs(rows - told[name]).max())
        if not difference <= LARGEST_DIFFERENCE:
            raise ExportError(
                f"What is told as {name} depends on the other pictures of the batch: it differs "
                f"by {difference:.1e}."
            )
