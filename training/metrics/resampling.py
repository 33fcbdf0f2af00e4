"""How far a figure may be moved by the choice of images alone (the bootstrap of Efron 1979).

A figure is a function of sums over images. Each resample draws as many images as there are, with
replacement, so that an image counts none, once or more often; the sums of all resamples are one
matrix product. Two models are compared on the same resamples, as their images are the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 1000
LEVEL = 0.95
_SEED = 8

type Array = NDArray[np.float64]
type Figures = Callable[[Array], Array]
"""Sums over images [..., columns] -> one figure [...] or several [..., figures]."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its interval of 95 %; NaN where nothing was there to tell it from."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What the second of two models has more of a figure than the first.

    `doubt` is the share of resamples in which the other model is ahead or both are the same:
    small where the sign of the difference is no chance of the images.
    """

    value: float
    low: float
    high: float
    doubt: float


def estimates(statistics: Array, figures: Figures) -> list[Estimate]:
    """Give each figure of all the images, with its interval; `statistics` [images, columns]."""
    every = figures(statistics.sum(axis=0))
    lows, highs = _interval(figures(_resampled(statistics)))
    return [Estimate(*each) for each in zip(*map(_listed, (every, lows, highs)), strict=True)]


def differences(first: Array, second: Array, figures: Figures) -> list[Difference]:
    """Give each figure's difference between two models on the same images, with its interval."""
    every = figures(second.sum(axis=0)) - figures(first.sum(axis=0))
    resampled = figures(_resampled(second)) - figures(_resampled(first))
    lows, highs = _interval(resampled)
    # No difference at all is as far from the one sign as from the other.
    others = np.where(every >= 0, resampled <= 0, resampled >= 0).mean(axis=0)
    rows = zip(*map(_listed, (every, lows, highs, others)), strict=True)
    return [Difference(*each) for each in rows]


def estimate_of_rows(images: int, figure: Callable[[NDArray[np.intp]], float]) -> Estimate:
    """Give a figure that is no function of sums, of the images' row numbers, with its interval."""
    resampled = [figure(np.repeat(np.arange(images), counts)) for counts in _counts(images)]
    low, high = _interval(np.array(resampled))
    return Estimate(figure(np.arange(images)), float(low), float(high))


def _resampled(statistics: Array) -> Array:
    """Sum each resample, [resamples, columns]."""
    return _counts(len(statistics)).astype(np.float64) @ statistics


def _counts(images: int) -> NDArray[np.int64]:
    """Tell how often each image is in each resample, [resamples, images]; the same each time."""
    random = np.random.default_rng(_SEED)
    return random.multinomial(images, np.full(images, 1 / images), size=RESAMPLES)


def _interval(resampled: Array) -> Array:
    """Give the ends; a figure that some resamples do not have is told from the others."""
    outside = (1 - LEVEL) / 2
    known = ~np.isnan(resampled).all(axis=0)
    ends = np.full((2, *resampled.shape[1:]), np.nan)
    ends[:, known] = np.nanquantile(resampled[:, known], [outside, 1 - outside], axis=0)
    return ends


def _listed(figures: Array) -> list[float]:
    listed: list[float] = np.atleast_1d(figures).tolist()
    return listed
