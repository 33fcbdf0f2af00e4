"""A bundle calibrated, and its calibration measured, on captions that its own search finds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from captioner.model.bundle import Bundle, Manifest
from captioner.model.confidence import Found
from captioner.model.manifest import version_of, write_manifest
from captioner.model.vocabulary import text_of
from training.calibration.acceptable import acceptable
from training.calibration.fitting import Fitted, fit
from training.data.pictures import Pictures
from training.searching import search_bundle
from training.workspace import references


@dataclass(frozen=True, slots=True)
class Judged:
    """What a bundle found in a split's pictures, and which of its captions are acceptable."""

    found: Sequence[Found]
    captions: dict[str, str]
    """By the image's name."""
    acceptable: NDArray[np.bool_]


def judge(bundle: Bundle, pictures: Pictures) -> Judged:
    """Caption a split's pictures as the app does, and hold the captions against the references."""
    found = search_bundle(bundle, pictures.pixels)
    captions = {
        image.name: text_of(bundle.vocabulary.decode(each.ranked[0].ids))
        for image, each in zip(pictures.images, found, strict=True)
    }
    return Judged(found, captions, acceptable(references(pictures.images), captions))


def confidences(bundle: Bundle, found: Sequence[Found]) -> NDArray[np.float64]:
    """Tell how sure the bundle is of each picture's caption, [pictures], as the app tells it."""
    judge_ = bundle.judge()
    return np.array([judge_.confidence(each) for each in found])


def calibrate(folder: Path, bundle: Bundle, dev: Judged) -> tuple[Manifest, Fitted]:
    """Fit the confidence of the bundle in `folder` on its dev captions, and write it there.

    The graphs stay as they are; the version changes with what the bundle says.
    """
    witness = bundle.witness()
    evidence = [witness.evidence(each) for each in dev.found]
    fitted = fit(evidence, dev.acceptable, bundle.manifest.told)
    manifest = msgspec.structs.replace(
        bundle.manifest,
        confidence=fitted.calibration,
        alt_text_threshold=fitted.calibration.review_threshold,
    )
    manifest = msgspec.structs.replace(manifest, version=version_of(manifest))
    write_manifest(folder, manifest)
    return manifest, fitted
