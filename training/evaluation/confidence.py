"""What a captioner's confidence is worth: whether the surer captions are the better ones."""

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


def roc_auc(sureness: NDArray[np.float64], acceptable: NDArray[np.bool_]) -> Estimate:
    """Give the area under the ROC curve with its interval; NaN where all are of one sort."""
    return estimate_of_rows(len(sureness), lambda rows: _area(sureness[rows], acceptable[rows]))


def _area(sureness: NDArray[np.float64], acceptable: NDArray[np.bool_]) -> float:
    """Count the pairs that are in the right order, ties for half (Mann and Whitney 1947)."""
    good = int(acceptable.sum())
    bad = len(acceptable) - good
    if not good or not bad:
        return float("nan")
    ranks = rankdata(sureness)[acceptable].sum() - good * (good + 1) / 2
    return float(ranks / (good * bad))
