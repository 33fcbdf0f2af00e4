"""What a captioner's confidence is worth: whether the surer captions are the better ones."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from training.metrics import Estimate
from training.metrics.resampling import estimate_of_rows

type Acceptable = Callable[[Mapping[str, Sequence[str]], Mapping[str, str]], NDArray[np.bool_]]
"""(references, captions), both by image -> whether each caption is acceptable, [images]."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """Whether confidence tells good captions from bad ones.

    `made_up` is the share of captions that name a thing which no reference has, `made_up_surest`
    that share in the surer half, `ratio` the second over the first. `roc_auc` is the chance that
    of an acceptable and an unacceptable caption the acceptable one is surer: 0.5 is worthless.
    """

    made_up: Estimate
    made_up_surest: Estimate
    ratio: Estimate
    acceptable: float | None = None
    roc_auc: Estimate | None = None


def surest_half(sureness: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the surer half of the images, [images]; of equals, the earlier ones."""
    chosen = np.zeros(len(sureness), np.bool_)
    chosen[np.argsort(-sureness, kind="stable")[: (len(sureness) + 1) // 2]] = True
    return chosen


def made_up_by_the_surest(
    made_up: NDArray[np.bool_], sureness: NDArray[np.float64]
) -> tuple[Estimate, Estimate, Estimate]:
    """Compare the shares of captions with a thing made up: all, the surest, and these over those.

    Both arguments are of the images, [images]. Each resample has a surer half of its own, so that
    the intervals hold the doubt of where it begins.
    """

    def of_all(rows: NDArray[np.intp]) -> float:
        return float(made_up[rows].mean())

    def of_surest(rows: NDArray[np.intp]) -> float:
        return float(made_up[rows][surest_half(sureness[rows])].mean())

    def ratio(rows: NDArray[np.intp]) -> float:
        return of_surest(rows) / of_all(rows) if made_up[rows].any() else math.nan

    images = len(made_up)
    return (
        estimate_of_rows(images, of_all),
        estimate_of_rows(images, of_surest),
        estimate_of_rows(images, ratio),
    )


def roc_auc(sureness: NDArray[np.float64], acceptable: NDArray[np.bool_]) -> Estimate:
    """Give the area under the ROC curve with its interval; NaN where all are of one sort."""
    return estimate_of_rows(len(sureness), lambda rows: _area(sureness[rows], acceptable[rows]))


def _area(sureness: NDArray[np.float64], acceptable: NDArray[np.bool_]) -> float:
    """Count the pairs that are in the right order, ties for half (Mann and Whitney 1947)."""
    good = int(acceptable.sum())
    bad = len(acceptable) - good
    if not good or not bad:
        return math.nan
    ranks = rankdata(sureness)[acceptable].sum() - good * (good + 1) / 2
    return float(ranks / (good * bad))
