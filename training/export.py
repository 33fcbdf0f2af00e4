"""Keras model -> bundle: traced, converted by tf2onnx, checked in onnxruntime, quantised, checked.

Nothing is written to where it ships from until every check has passed.
"""

import hashlib
import logging
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

from captioner.errors import CaptionerError
from captioner.model.bundle import MANIFEST, Beam, Bundle, GraphFile, Manifest, open_bundle
from captioner.model.decoding import Hypothesis, LogProbs, Step
from captioner.model.vocabulary import START, Vocabulary
from training.config import TrainingConfig, to_dict
from training.conversion import to_onnx
from training.decode import KerasCaptioner, TracedModel
from training.evaluation.captioning import best_texts, search_all
from training.metrics import cider
from training.model import CaptionModel
from training.origins import NamedWeights, note_origins
from training.train import beam_settings
from training.workspace import Workspace

logger = logging.getLogger(__name__)

LARGEST_DIFFERENCE = 1e-3
LARGEST_CIDER_LOSS = 0.5
COMPARED_CAPTIONS = 100
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

    def score(self, found: Sequence[Sequence[Hypothesis]], vocabulary: Vocabulary) -> float:
        return cider(self.references, best_texts(self.references, found, vocabulary))


def export(model: CaptionModel, workspace: Workspace, dev: DevPictures, folder: Path) -> Manifest:
    """Write the bundle of a trained model into `folder`, replacing the bundle that is there.

    Raises `ExportError` where the fp32 graphs' log-probabilities differ from Keras by more than
    1e-3, one of the first 100 dev captions differs, quantisation costs more than 0.5 dev CIDEr
    (percent scale), or a caption depends on the other pictures of its batch.
    """
    config, vocabulary = workspace.config, workspace.vocabulary
    manifest = _manifest(model, workspace)
    with tempfile.TemporaryDirectory() as workshop:
        plain, quantised = Path(workshop) / "fp32", Path(workshop) / "quantised"
        _convert(model, plain)
        _seal(plain, manifest)
        reference = open_bundle(plain, threads=2)
        _check_against_keras(model, reference, dev, config)
        plain_found = search_all(reference, dev.pictures)
        plain_score = dev.score(plain_found, vocabulary)
        quantised.mkdir()
        for name in ("encoder", "decoder"):
            _quantise(plain / f"{name}.onnx", quantised / f"{name}.onnx")
        _seal(quantised, manifest)
        bundle = open_bundle(quantised, threads=2)
        found = search_all(bundle, dev.pictures)
        score = dev.score(found, vocabulary)
        logger.info("dev CIDEr: fp32 %.2f, quantised %.2f", plain_score, score)
        if plain_score - score > LARGEST_CIDER_LOSS:
            raise ExportError(
                f"Quantisation costs {plain_score - score:.2f} dev CIDEr, more than "
                f"{LARGEST_CIDER_LOSS}."
            )
        _check_batch_independence(bundle, dev.pictures, found)
        surenesses = [ranked[0].mean_probability for ranked in found]
        manifest = _seal(
            quantised,
            msgspec.structs.replace(
                manifest,
                alt_text_threshold=round(float(np.quantile(surenesses, UNSURE_SHARE)), 3),
                metrics={"dev_cider": {"fp32": round(plain_score, 2), "shipped": round(score, 2)}},
            ),
        )
        folder.mkdir(parents=True, exist_ok=True)
        for path in quantised.iterdir():
            shutil.copyfile(path, folder / path.name)
    return manifest


def _manifest(model: CaptionModel, workspace: Workspace) -> Manifest:
    config = workspace.config
    unknown = GraphFile("unknown.onnx", "0" * 64)
    beam = config.beam
    return Manifest(
        name=config.name,
        version="0",
        language="en",
        encoder=unknown,
        decoder=unknown,
        resize=config.data.resize,
        cache_shapes=dict(model.decoder.cache_shapes),
        vocabulary=workspace.vocabulary.words,
        beam=Beam(beam.beam_size, beam.length_penalty, beam.min_words, config.data.max_words),
        alt_text_threshold=0.0,
        training=to_dict(config),
        data=workspace.describe_data(),
        terms=config.terms,
    )


def _seal(folder: Path, manifest: Manifest) -> Manifest:
    """Write model.json with the files' checksums; the version follows from them."""
    files = {}
    for name in ("encoder", "decoder"):
        path = folder / f"{name}.onnx"
        files[name] = GraphFile(path.name, hashlib.sha256(path.read_bytes()).hexdigest())
    together = hashlib.sha256("".join(file.sha256 for file in files.values()).encode())
    sealed = msgspec.structs.replace(manifest, version=together.hexdigest()[:12], **files)
    content = msgspec.json.format(msgspec.json.encode(sealed), indent=1)
    (folder / MANIFEST).write_bytes(content)
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


def _check_against_keras(
    model: CaptionModel, bundle: Bundle, dev: DevPictures, config: TrainingConfig
) -> None:
    """Compare log-probabilities along the captions, and the captions themselves."""
    pictures = np.asarray(dev.pictures[:COMPARED_CAPTIONS])
    keras_captioner = KerasCaptioner(model)
    expected = list(keras_captioner.search(pictures, beam_settings(config)))
    found = search_all(bundle, pictures)
    difference = max(
        np.abs(
            log_probs_along(keras_captioner.start(pictures[row : row + 1]), ids)
            - log_probs_along(bundle.start(pictures[row : row + 1]), ids)
        ).max()
        for row, ids in enumerate(ranked[0].ids for ranked in expected)
    )
    logger.info("largest difference of a log-probability from Keras: %.1e", difference)
    if not difference <= LARGEST_DIFFERENCE:  # a NaN is no agreement either
        raise ExportError(
            f"A log-probability differs from Keras by {difference:.1e}, more than "
            f"{LARGEST_DIFFERENCE:.0e}."
        )
    differing = sum(one[0].ids != other[0].ids for one, other in zip(expected, found, strict=True))
    if differing:
        raise ExportError(f"{differing} of {len(pictures)} dev captions differ from Keras.")


def log_probs_along(step: Step, ids: Sequence[int]) -> LogProbs:
    """Give the log-probabilities [steps, vocabulary] after the start and after each of `ids`."""
    row = np.zeros(1, np.int64)
    return np.stack([step(np.array([token]), row)[0] for token in (START, *ids)])


def _quantise(source: Path, target: Path) -> None:
    """Store the weights of matrix products in 8 bits, by blocks of 32 with a scale each.

    MatMulNBits reads activations row by row (accuracy level 4), so that a row's result does not
    depend on its neighbours; dynamic quantisation scales all rows together. Convolutions stay as
    they are.
    """
    model = onnx.load(source)
    weights = {initializer.name for initializer in model.graph.initializer}
    expected = sum(
        node.op_type == "MatMul" and node.input[1] in weights for node in model.graph.node
    )
    left_over = [node.name for node in model.graph.node if node.op_type == "Gemm"]
    quantiser = MatMulNBitsQuantizer(
        model, bits=8, block_size=32, is_symmetric=True, accuracy_level=4
    )
    quantiser.process()
    quantised = quantiser.model.model
    done = sum(node.op_type == "MatMulNBits" for node in quantised.graph.node)
    if left_over or done != expected:
        raise ExportError(
            f"{source.name}: {done} of {expected} matrix products were quantised, and "
            f"{len(left_over)} are Gemm, which quantisation passes over."
        )
    logger.info("%s: %d matrix products in 8 bits", source.name, done)
    target.write_bytes(quantised.SerializeToString())


def _check_batch_independence(
    bundle: Bundle, pictures: NDArray[np.uint8], found: Sequence[Sequence[Hypothesis]]
) -> None:
    alone = search_all(bundle, pictures[:COMPARED_CAPTIONS], batch=1)
    differing = sum(
        one[0].ids != other[0].ids
        for one, other in zip(alone, found[:COMPARED_CAPTIONS], strict=True)
    )
    if differing:
        raise ExportError(
            f"{differing} of {len(alone)} dev captions depend on the other pictures of the batch."
        )
