"""Drawings of an evaluation, as SVG that takes the colours of the page around it."""

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from training.evaluation.evaluation import Part
from training.metrics import Difference
from training.report import history_figure

_INK = "#010203"  # stands for the page's own colour of text
_POINT = "#3b82c4"  # is told from both light and dark paper


def parts_figure(parts: Sequence[Part]) -> str:
    """Draw each part's CIDEr-D with its interval."""
    rows = [(f"{part.name} ({part.images:,})", part.cider) for part in parts]
    with _page_colours():
        figure = Figure(figsize=(5.6, 0.7 + 0.36 * len(rows)), layout="constrained")
        _whiskers(figure, [(label, each.value, each.low, each.high) for label, each in rows])
        figure.axes[0].set(xlabel="CIDEr-D, percent")
        return _svg(figure)


def differences_figure(differences: Mapping[str, Difference]) -> str:
    """Draw each metric's difference with its interval, against none."""
    rows = [(label, each.value, each.low, each.high) for label, each in differences.items()]
    with _page_colours():
        figure = Figure(figsize=(7, 0.7 + 0.36 * len(rows)), layout="constrained")
        _whiskers(figure, rows)
        figure.axes[0].axvline(0, color=_INK, linewidth=0.8)
        figure.axes[0].set(xlabel="difference, percent")
        return _svg(figure)


def history_svg(history: Path) -> str:
    """Draw a training stage's losses and dev metrics."""
    with _page_colours():
        return _svg(history_figure(history))


def _whiskers(figure: Figure, rows: Sequence[tuple[str, float, float, float]]) -> None:
    axes = figure.subplots()
    for place, (_, value, low, high) in enumerate(rows):
        axes.plot([low, high], [place, place], color=_POINT, linewidth=2)
        axes.plot(value, place, "o", color=_POINT, markersize=7)
    axes.set_yticks(range(len(rows)), [label for label, *_ in rows])
    axes.invert_yaxis()
    axes.margins(y=0.12)
    axes.grid(axis="x", alpha=0.25)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)


@contextmanager
def _page_colours() -> Iterator[None]:
    inked = ("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color")
    settings: dict[Any, str] = {
        **dict.fromkeys(inked, _INK),
        "axes.facecolor": "none",
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "font.family": "sans-serif",
        "svg.fonttype": "none",  # text stays text
        "svg.hashsalt": "captioner",  # the same drawing each time
    }
    with mpl.rc_context(settings):
        yield


def _svg(figure: Figure) -> str:
    target = io.StringIO()
    figure.savefig(target, format="svg", metadata={"Date": None})
    drawing = target.getvalue()
    return drawing[drawing.index("<svg") :].replace(_INK, "currentColor")
