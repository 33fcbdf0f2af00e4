"""From where on what a bundle's encoder tells is worth telling, fitted on dev."""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

# Of the dev pictures, which are like those learnt from, one in twenty is called strange.
USUAL_SHARE = 0.95
_CANDIDATES = np.round(np.arange(0.05, 0.96, 0.01), 2)


@dataclass(frozen=True, slots=True)
class TagLimit:
    """The chance from which tags are told, and how right they are then, over all tags at once."""

    threshold: float
    f1: float
    precision: float
    recall: float

    def as_metrics(self) -> dict[str, float]:
        return {name: round(value, 3) for name, value in asdict(self).items()}


def best_tag_limit(chances: NDArray[np.float32], shown: NDArray[np.bool_]) -> TagLimit:
    """Choose the threshold of the best micro F1 for chances [pictures, tags] of what is shown.

    People name only some of what they see: precision is told too low rather than too high. Where
    nothing is shown, nothing will be told.
    """
    if not shown.any():
        return _limit(chances, shown, 1.0)
    return max((_limit(chances, shown, float(each)) for each in _CANDIDATES), key=lambda x: x.f1)


def _limit(chances: NDArray[np.float32], shown: NDArray[np.bool_], threshold: float) -> TagLimit:
    told = chances >= threshold
    right = int((told & shown).sum())
    precision, recall = right / max(1, int(told.sum())), right / max(1, int(shown.sum()))
    f1 = 2 * right / max(1, int(told.sum()) + int(shown.sum()))
    return TagLimit(threshold, f1, precision, recall)


def novelty_limit(novelty: NDArray[np.float32]) -> float:
    """Choose the novelty [pictures] that all but a few usual pictures stay below."""
    return round(float(np.quantile(novelty, USUAL_SHARE)), 4)
