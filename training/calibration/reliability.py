"""Whether a confidence can be believed: of captions held 70 % sure, 70 % should be acceptable."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True)
class Reliability:
    """Captions in bins of equal number, from the least sure to the surest.

    `confidences` and `shares` [bins] are their mean confidence and the share that is acceptable,
    `counts` [bins] how many they are.
    """

    confidences: NDArray[np.float64]
    shares: NDArray[np.float64]
    counts: NDArray[np.int64]

    @property
    def ece(self) -> float:
        """The expected calibration error, 0 to 1: the gap between the two, over the captions."""
        return float(np.average(np.abs(self.confidences - self.shares), weights=self.counts))


def reliability(
    confidences: NDArray[np.float64], acceptable: NDArray[np.bool_], bins: int = BINS
) -> Reliability:
    """Sort captions [captions] into bins of equal number by their confidence."""
    order = np.argsort(confidences, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return Reliability(
        np.array([confidences[part].mean() for part in parts]),
        np.array([acceptable[part].mean() for part in parts]),
        np.array([len(part) for part in parts]),
    )


def draw(found: Reliability, title: str, path: Path) -> None:
    """Draw the bins against the diagonal on which a confidence is to be believed."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.5, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color="0.7", linestyle="--", label="as it should be")
    # A share of n captions is uncertain by about this much, whatever the confidence.
    errors = np.sqrt(found.shares * (1 - found.shares) / found.counts)
    axes.errorbar(
        found.confidences, found.shares, yerr=errors, fmt="o-", capsize=3, label="ten equal bins"
    )
    axes.set(
        title=f"{title}: ECE {100 * found.ece:.1f} %",
        xlabel="confidence",
        ylabel="share of acceptable captions",
        xlim=(0, 1),
        ylim=(0, 1),
        aspect="equal",
    )
    axes.legend(loc="upper left", frameon=False)
    figure.savefig(path, dpi=120)
