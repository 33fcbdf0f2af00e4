"""A bundle's confidence, fitted: the chance that a caption is acceptable, by logistic regression.

The weights may only point where reason says: surer words, better borne out by the tags, and a less
novel picture never make a caption less acceptable. What chance says otherwise on a thousand
pictures would mislead on those unlike them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from captioner.errors import CaptionerError
from captioner.model.confidence import FEATURES, Calibration, Evidence

# 1 where more of a feature is more to be believed, -1 where less is, 0 where either may be.
_DIRECTIONS = {
    "mean_log_prob": 1,
    "min_log_prob": 1,
    "words": 0,
    "margin": 1,
    "tag_support": 1,
    "tags_named": 1,
    "novelty": -1,
}
_LIMITS = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
# Captions that need no review are acceptable at least so often, on the pictures of the fit.
ACCEPTABLE_UNREAD = 0.75
_SHRINKAGE = 1.0  # of the weights, which holds back those that the captions say little of
_FOLDS = 5
_FEWEST = 3  # captions of each sort
_LEAST_SPREAD = 1e-6  # of a feature that tells captions apart
_LEAST_WEIGHT = 0.005

Floats = NDArray[np.float64]


class CalibrationError(CaptionerError):
    """There is no confidence to be fitted."""

    code = "calibration_failed"
    permanent = True


@dataclass(frozen=True, slots=True)
class Fitted:
    """A calibration, and what one says of each caption [captions] that has not learnt from it."""

    calibration: Calibration
    held_out: Floats


def fit(
    evidence: Sequence[Evidence], acceptable: NDArray[np.bool_], told: Collection[str]
) -> Fitted:
    """Fit the chance that captions with this evidence are acceptable, [captions].

    `told` is what the encoder tells beside what its decoder reads: features of anything else are
    left out. Raises `CalibrationError` where the captions are nearly all of one sort.
    """
    if min(acceptable.sum(), (~acceptable).sum()) < _FEWEST:
        raise CalibrationError(
            f"{acceptable.sum()} of {len(acceptable)} captions are acceptable: a confidence needs "
            f"at least {_FEWEST} that are and {_FEWEST} that are not."
        )
    names = [name for name, feature in FEATURES.items() if feature.reads <= set(told)]
    values = np.array([[FEATURES[name].of(each) for name in names] for each in evidence])
    kept = [place for place, column in enumerate(values.T) if _spread(column) > _LEAST_SPREAD]
    names, values = [names[place] for place in kept], values[:, kept]
    held_out = np.zeros(len(values))
    folds = np.arange(len(values)) % _FOLDS
    for fold in range(_FOLDS):
        learnt = _fit(names, values[folds != fold], acceptable[folds != fold])
        held_out[folds == fold] = learnt.chances(values[folds == fold])
    model = _fit(names, values, acceptable)
    return Fitted(model.calibration(review_threshold(held_out, acceptable)), held_out)


def _spread(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.std()) if len(known) else 0.0


def review_threshold(confidences: Floats, acceptable: NDArray[np.bool_]) -> float:
    """Give the lowest confidence from which on captions are acceptable often enough.

    1 where even the surest are not.
    """
    order = np.argsort(-confidences, kind="stable")
    shares = np.cumsum(acceptable[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= ACCEPTABLE_UNREAD)
    return round(float(confidences[order[enough[-1]]]), 3) if len(enough) else 1.0


@dataclass(frozen=True, slots=True)
class _Logistic:
    """Weights of features that were centred and scaled."""

    names: Sequence[str]
    means: Floats
    scales: Floats
    weights: Floats
    intercept: float

    def chances(self, values: Floats) -> Floats:
        """Give the chance of each row of features, [captions]."""
        scaled = np.nan_to_num((values - self.means) / self.scales)
        return expit(scaled @ self.weights + self.intercept)

    def calibration(self, threshold: float) -> Calibration:
        """Give it as the bundle carries it, without features that have no weight."""
        weighs = np.abs(self.weights) > _LEAST_WEIGHT

        def rounded(numbers: Floats) -> tuple[float, ...]:
            return tuple(round(float(number), 4) for number in numbers[weighs])

        return Calibration(
            features=tuple(np.array(self.names)[weighs].tolist()),
            means=rounded(self.means),
            scales=rounded(self.scales),
            weights=rounded(self.weights),
            intercept=round(self.intercept, 4),
            review_threshold=threshold,
        )


def _fit(names: Sequence[str], values: Floats, acceptable: NDArray[np.bool_]) -> _Logistic:
    """Fit by penalised likelihood; a missing value (NaN) counts as the mean."""
    means = np.nanmean(values, axis=0)
    scales = np.maximum(np.nanstd(values, axis=0), _LEAST_SPREAD)
    scaled = np.nan_to_num((values - means) / scales)
    signs = np.where(acceptable, 1.0, -1.0)

    def loss(parameters: Floats) -> tuple[float, Floats]:
        weights, intercept = parameters[:-1], parameters[-1]
        margins = signs * (scaled @ weights + intercept)
        surprise = -signs * expit(-margins)
        slope = scaled.T @ surprise + _SHRINKAGE * weights
        penalty = _SHRINKAGE * (weights @ weights) / 2
        return -log_expit(margins).sum() + penalty, np.append(slope, surprise.sum())

    limits = [_LIMITS[_DIRECTIONS[name]] for name in names]
    start = np.zeros(len(names) + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=[*limits, (None, None)])
    return _Logistic(names, means, scales, found.x[:-1], float(found.x[-1]))
