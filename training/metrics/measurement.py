"""What each image adds to every metric; sums over images give the scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pycocoevalcap.bleu.bleu_scorer import BleuScorer
from pycocoevalcap.cider.cider import Cider
from pycocoevalcap.rouge.rouge import Rouge

from training.metrics import meteor
from training.metrics.resampling import Difference, Estimate, differences, estimates
from training.metrics.tokens import Tokens, tokenized

METRICS = ("bleu_1", "bleu_2", "bleu_3", "bleu_4", "meteor", "rouge_l", "cider")

_LONGEST = 4  # words in an n-gram of BLEU
# Columns of the statistics: 1 for the image; lengths of caption and closest reference, n-grams in
# the caption and those that are right; METEOR's; then the image's own ROUGE-L and CIDEr.
_BLEU = slice(1, 3 + 2 * _LONGEST)
_METEOR = slice(_BLEU.stop, _BLEU.stop + meteor.COLUMNS)
_MEANS = slice(_METEOR.stop, _METEOR.stop + 2)
# pycocoevalcap's own guards against zeros: without a right n-gram BLEU is next to nothing.
_TINY, _SMALL = 1e-15, 1e-9


@dataclass(frozen=True, slots=True)
class Scores:
    """How one model's captions measure on one set of images, in percent.

    `intervals` are the ends of the 95 % intervals, by the metric's name.
    """

    images: int
    bleu_1: float
    bleu_2: float
    bleu_3: float
    bleu_4: float
    meteor: float
    rouge_l: float
    cider: float
    intervals: dict[str, tuple[float, float]]

    def rounded(self, digits: int = 2) -> dict[str, Any]:
        """Give the scores as JSON has them."""
        told: dict[str, Any] = {name: round(getattr(self, name), digits) for name in METRICS}
        ends = {
            name: [round(low, digits), round(high, digits)]
            for name, (low, high) in self.intervals.items()
        }
        return {"images": self.images, **told, "intervals": ends}


@dataclass(frozen=True, slots=True)
class Measurement:
    """One model's captions measured image by image, `statistics` [images, columns].

    CIDEr weighs n-grams by how many of all these images' references have them, for every part of
    the images too.
    """

    images: tuple[str, ...]
    statistics: NDArray[np.float64]

    def scores(self) -> Scores:
        found = dict(zip(METRICS, estimates(self.statistics, _metrics), strict=True))
        values = {name: each.value for name, each in found.items()}
        intervals = {name: (each.low, each.high) for name, each in found.items()}
        return Scores(images=len(self.images), **values, intervals=intervals)

    def estimate(self, metric: str) -> Estimate:
        """Give one metric with its interval, in percent."""
        return estimates(self.statistics, _metrics)[METRICS.index(metric)]

    def part(self, chosen: NDArray[np.bool_]) -> "Measurement":
        """Give the measurement of the images that `chosen` [images] marks."""
        images = tuple(image for image, taken in zip(self.images, chosen, strict=True) if taken)
        return Measurement(images, self.statistics[chosen])

    def of_each(self, metric: str) -> NDArray[np.float64]:
        """Give one metric of each image by itself, [images], in percent."""
        column: NDArray[np.float64] = _metrics(self.statistics)[:, METRICS.index(metric)]
        return column

    def against(self, first: "Measurement") -> dict[str, Difference]:
        """Tell what this model has more than `first` of each metric, on the same images."""
        found = differences(first.statistics, self.statistics, _metrics)
        return dict(zip(METRICS, found, strict=True))


def measure(references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str]) -> Measurement:
    """Measure one caption an image against what people said of it, both by the image's name.

    Raises `MetricsError` where the images are not the same or none, an image has no reference, or
    Java is not there or fails.
    """
    wanted, given = tokenized(references, hypotheses)
    _, rouge_l = Rouge().compute_score(wanted, given)
    _, ciders = Cider().compute_score(wanted, given)
    statistics = np.column_stack(
        [
            np.ones(len(given)),
            _bleu_statistics(wanted, given),
            meteor.statistics(wanted, given),
            rouge_l,
            ciders,
        ]
    )
    return Measurement(tuple(given), statistics)


def score(references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str]) -> Scores:
    """Give the scores of `measure`."""
    return measure(references, hypotheses).scores()


def cider(references: Mapping[str, Sequence[str]], hypotheses: Mapping[str, str]) -> float:
    """Give CIDEr alone, in about a second for 1,000 images. Raises as `measure`."""
    wanted, given = tokenized(references, hypotheses)
    return 100 * float(Cider().compute_score(wanted, given)[0])


def _bleu_statistics(wanted: Tokens, given: Tokens) -> NDArray[np.float64]:
    scorer = BleuScorer(n=_LONGEST)
    for image, (hypothesis,) in given.items():
        scorer += (hypothesis, wanted[image])
    return np.array([_bleu_counts(image) for image in scorer.ctest], np.float64)


def _bleu_counts(image: Mapping[str, Any]) -> list[int]:
    length = image["testlen"]
    closest = min(image["reflen"], key=lambda each: (abs(each - length), each))
    return [length, closest, *image["guess"], *image["correct"]]


def _metrics(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give all `METRICS` in percent, of statistics added up: [..., columns] -> [..., metrics]."""
    means = sums[..., _MEANS] / sums[..., :1]
    parts = [_bleu(sums[..., _BLEU]), meteor.scores(sums[..., _METEOR])[..., None], means]
    return 100 * np.concatenate(parts, axis=-1)


def _bleu(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """BLEU-1 to 4, 0 to 1: geometric means of the precisions, less where captions are short."""
    length, closest = sums[..., 0], sums[..., 1]
    guessed, right = sums[..., 2 : 2 + _LONGEST], sums[..., 2 + _LONGEST :]
    products = np.cumprod((right + _TINY) / (guessed + _SMALL), axis=-1)
    ratio = (length + _TINY) / (closest + _SMALL)
    brevity = np.exp(np.minimum(0, 1 - 1 / ratio))
    bleu: NDArray[np.float64] = products ** (1 / np.arange(1, _LONGEST + 1)) * brevity[..., None]
    return bleu
