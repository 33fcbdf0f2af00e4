"""Everything that is measured of one captioner's captions, alike for all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from training.data.captions import words_of
from training.data.datasets import CaptionedImage
from training.evaluation.captioned import Captioned
from training.evaluation.confidence import (
    Acceptable,
    Confidence,
    made_up_by_the_surest,
    roc_auc,
)
from training.evaluation.diversity import Diversity, diversity
from training.evaluation.kinds import KINDS, kinds_of
from training.evaluation.objects import Naming, Objects
from training.metrics import Estimate, Measurement, Scores, measure

# Captions by their words: from, and to.
_LENGTHS = ((0, 7), (8, 9), (10, 11), (12, 13), (14, None))


@dataclass(frozen=True, slots=True)
class Part:
    """The captions of some of the images; CIDEr in percent, the other shares 0 to 1."""

    name: str
    images: int
    cider: Estimate
    precision: Estimate
    recall: Estimate
    made_up: Estimate


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One captioner's captions of one set of images, and all that was measured of them."""

    captioned: Captioned
    images: tuple[CaptionedImage, ...]
    measurement: Measurement
    scores: Scores
    diversity: Diversity
    objects: Objects
    made_up: tuple[frozenset[str], ...]
    """What each caption names and none of its references does."""
    kinds: tuple[Part, ...]
    lengths: tuple[Part, ...]
    confidence: Confidence | None
    """None where not every caption has one."""

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as JSON has them."""
        told = {
            "captioner": self.captioned.name,
            "scores": self.scores.rounded(4),
            "diversity": asdict(self.diversity),
            "objects": asdict(self.objects),
            "kinds": [asdict(part) for part in self.kinds],
            "lengths": [asdict(part) for part in self.lengths],
            "confidence": self.confidence and asdict(self.confidence),
        }
        built: dict[str, Any] = msgspec.to_builtins(told)
        return built


def evaluate(
    images: Sequence[CaptionedImage],
    captioned: Captioned,
    *,
    learnt_from: Iterable[str] = (),
    acceptable: Acceptable | None = None,
) -> Evaluation:
    """Measure a captioner's captions of `images`.

    `learnt_from` are the training captions, where they are known; `acceptable` tells which captions
    will do, for the worth of confidences. Raises `CaptionsInvalid` where an image has no caption,
    `MetricsError` where Java is not there.
    """
    captioned = captioned.of(image.name for image in images)
    references = {image.name: image.captions for image in images}
    captions = list(captioned.captions.values())
    measurement = measure(references, captioned.captions)
    naming = Naming(captions, list(references.values()))

    def parts(shares: Mapping[str, NDArray[np.bool_]]) -> tuple[Part, ...]:
        return tuple(
            _part(name, chosen, measurement, naming)
            for name, chosen in shares.items()
            if chosen.any()
        )

    return Evaluation(
        captioned=captioned,
        images=tuple(images),
        measurement=measurement,
        scores=measurement.scores(),
        diversity=diversity(captions, learnt_from),
        objects=naming.objects(),
        made_up=tuple(map(frozenset, naming.made_up())),
        kinds=parts(_by_kind(list(references.values()))),
        lengths=parts(_by_length(captions)),
        confidence=_confidence(captioned, references, naming, acceptable),
    )


def _part(name: str, chosen: NDArray[np.bool_], measurement: Measurement, naming: Naming) -> Part:
    shares = naming.shares(chosen)
    return Part(
        name=name,
        images=int(chosen.sum()),
        cider=measurement.part(chosen).estimate("cider"),
        precision=shares.precision,
        recall=shares.recall,
        made_up=shares.made_up,
    )


def _by_kind(references: Sequence[Sequence[str]]) -> dict[str, NDArray[np.bool_]]:
    found = [kinds_of(captions) for captions in references]
    shares = {kind: np.array([kind in kinds for kinds in found]) for kind in KINDS}
    return {**shares, "none of these": np.array([not kinds for kinds in found])}


def _by_length(captions: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    words = np.array([len(words_of(caption)) for caption in captions])
    return {
        f"{low} words and more" if high is None else f"{low} to {high} words": (words >= low)
        & (words <= (np.inf if high is None else high))
        for low, high in _LENGTHS
    }


def _confidence(
    captioned: Captioned,
    references: Mapping[str, Sequence[str]],
    naming: Naming,
    acceptable: Acceptable | None,
) -> Confidence | None:
    sureness = captioned.sureness()
    if sureness is None:
        return None
    made_up = np.array([bool(things) for things in naming.made_up()])
    figures = made_up_by_the_surest(made_up, sureness)
    if acceptable is None:
        return Confidence(*figures)
    good = acceptable(references, captioned.captions)
    return Confidence(*figures, acceptable=float(good.mean()), roc_auc=roc_auc(sureness, good))
