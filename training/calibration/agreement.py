"""How far the app's comparison of captions follows the experts.

Each judged caption is compared with each of its picture's references: the better it describes the
picture, the more it should agree with what others said of it. Plain overlap of words is told for
comparison.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kendalltau, spearmanr

from captioner.captioning.agreement import agreement
from training.calibration.acceptable import CUT, closeness
from training.calibration.judgements import Judgements
from training.data.captions import words_of

type Compare = Callable[[str, str], float]

Floats = NDArray[np.float64]

_CUTS = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7)


@dataclass(frozen=True, slots=True)
class Correlation:
    """How far one ranking follows another: 0 not at all, 1 wholly."""

    spearman: float
    kendall: float
    """Kendall's tau-c, which takes into account how few grades experts have."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How far captions that are close enough to their references are those that experts accept.

    `share` of the captions is close enough; `kappa` is the agreement of the two beyond chance
    (Cohen 1960).
    """

    cut: float
    share: float
    kappa: float


def overlap(text: str, other: str) -> float:
    """Compare two captions by their words alone: the harmonic mean of the shares they have."""
    words, others = set(words_of(text)), set(words_of(other))
    total = len(words) + len(others)
    return 2 * len(words & others) / total if total else 0.0


MEASURES: Mapping[str, Compare] = {"agreement": agreement, "plain overlap": overlap}


def correlation(judgements: Judgements, compare: Compare) -> Correlation:
    """Compare each judged caption with each reference of its picture, and rank the pairs."""
    pairs = [
        (compare(each.caption, reference), each.mean)
        for each in judgements.every
        for reference in each.references
    ]
    values, means = np.array(pairs).T
    return Correlation(
        float(spearmanr(values, means).statistic),
        float(kendalltau(means, values, variant="c").statistic),
    )


def closeness_of(judgements: Judgements) -> Floats:
    """Compare each judged caption with its picture's references together, [captions]."""
    return np.array([closeness(each.caption, each.references) for each in judgements.every])


def acceptances(close: Floats, accepted: NDArray[np.bool_]) -> list[Acceptance]:
    """Hold what experts accept against closeness, for each of many cuts."""
    cuts = sorted({*_CUTS, CUT})
    return [
        Acceptance(cut, float((close >= cut).mean()), _kappa(close >= cut, accepted))
        for cut in cuts
    ]


def _kappa(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    alike = (one == other).mean()
    by_chance = one.mean() * other.mean() + (~one).mean() * (~other).mean()
    return float((alike - by_chance) / (1 - by_chance)) if by_chance < 1 else 0.0
