"""Drawings of what load runs found."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.load_results import Drains, HttpLoad, Load, MemoryRun

_COLOURS = ("#1f5fa8", "#a8461f")


def plot(found: Load, folder: Path) -> None:
    """Draw each part that there is into a file of its own."""
    import matplotlib as mpl  # noqa: PLC0415 - for this alone

    mpl.use("agg")
    mpl.rcParams.update({"svg.hashsalt": "captioner", "font.size": 9})
    from matplotlib import pyplot as plt  # noqa: PLC0415

    def drawn(name: str, rows: int, columns: int) -> tuple[Any, Any]:
        figure, axes = plt.subplots(
            rows, columns, figsize=(4.5 * columns, 2.5 * rows), layout="constrained", squeeze=False
        )
        drawings.append((name, figure))
        return figure, axes

    drawings: list[tuple[str, Any]] = []
    if found.http:
        _, axes = drawn("load_http", 1, 2)
        _http(found.http, axes[0])
    if found.drains:
        _, axes = drawn("load_drain", 1, 3)
        _drains(found.drains, axes[0])
    if found.memory:
        _, axes = drawn("load_memory", 1, 1)
        _memory(found.memory, axes[0][0])
    for name, figure in drawings:
        for each in figure.axes:
            if each.get_yscale() == "linear":
                each.set_ylim(bottom=0, top=each.get_ylim()[1] * 1.1)
            each.grid(alpha=0.3)
        figure.savefig(folder / f"{name}.svg", metadata={"Date": None})
        plt.close(figure)


def _http(http: HttpLoad, axes: Sequence[Any]) -> None:
    from matplotlib.ticker import LogLocator  # noqa: PLC0415 - as above

    latency, rate = axes
    for colour, what, steps in (
        (_COLOURS[0], "captions", http.caption),
        (_COLOURS[1], "records", http.record),
    ):
        answered = [each for each in steps if each.p50 is not None]
        clients = [each.clients for each in answered]
        for style, which in (("-", "p50"), (":", "p99")):
            latency.plot(
                clients,
                [getattr(each, which) for each in answered],
                style,
                color=colour,
                marker=".",
                label=f"{what}, {which}",
            )
        rate.plot(
            [each.clients for each in steps],
            [each.a_second for each in steps],
            color=colour,
            marker=".",
            label=what,
        )
    for each in axes:
        each.set_xscale("log", base=2)
        each.set_yscale("log")
        each.xaxis.set_major_formatter("{x:.0f}")
        each.yaxis.set_major_formatter("{x:,.0f}")
        each.yaxis.set_minor_formatter("")
        each.yaxis.set_major_locator(LogLocator(subs=(1, 3)))
        each.set_xlabel("clients")
        each.legend()
    latency.set_title("milliseconds to an answer")
    rate.set_title("answers a second")


def _drains(drains: Drains, axes: Sequence[Any]) -> None:
    for colour, drain in zip(_COLOURS, drains.drains, strict=False):
        seconds = [each.second for each in drain.samples]
        for axis, values in zip(
            axes,
            (
                [drain.images - each.captioned for each in drain.samples],
                [each.oldest_s for each in drain.samples],
                [each.memory_mib for each in drain.samples],
            ),
            strict=True,
        ):
            axis.plot(seconds, values, color=colour, label=drain.source)
    for axis, title in zip(
        axes, ("images waiting", "seconds the oldest message waits", "memory, MiB"), strict=True
    ):
        axis.set_title(title)
        axis.set_xlabel("seconds")
    axes[0].legend()


def _memory(memory: MemoryRun, axis: Any) -> None:
    axis.plot(memory.at, memory.memory_mib, color=_COLOURS[0])
    axis.set_title("memory, MiB")
    axis.set_xlabel("captions")
