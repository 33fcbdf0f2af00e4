"""Plots of docs/performance.md."""

from pathlib import Path

from msgspec import UNSET

from benchmarks.speed_results import SpeedRun


def draw(run: SpeedRun, folder: Path) -> None:
    """Draw what was measured as SVG into the documents' folder."""
    import matplotlib as mpl  # noqa: PLC0415 - for this alone

    mpl.use("svg")
    mpl.rcParams.update({"svg.hashsalt": "captioner", "font.size": 9})
    from matplotlib import pyplot as plt  # noqa: PLC0415

    if run.peers is not UNSET:
        peers = [peer.name.replace("`", "") for peer in run.peers.peers]
        names = ["captioner, 3 beams", *peers]
        times = [run.peers.ours_ms, *(peer.milliseconds for peer in run.peers.peers)]
        figure, axes = plt.subplots(figsize=(7, 3.2))
        axes.barh(names[::-1], times[::-1], color=["#8899aa"] * (len(names) - 1) + ["#2255aa"])
        axes.set_xscale("log")
        axes.set_xlim(min(times) / 3, max(times) * 3)  # room for the figures
        axes.set_xlabel("milliseconds a picture, 2 cores")
        for place, time in enumerate(times[::-1]):
            axes.text(time, place, f" {time:,.0f}", va="center")
        figure.tight_layout()
        figure.savefig(folder / "speed_peers.svg", metadata={"Date": None})
        plt.close(figure)
    if run.throughput is not UNSET:
        figure, axes = plt.subplots(figsize=(5, 3))
        for threads, by in run.throughput.by_batch.items():
            axes.plot(list(by), list(by.values()), marker="o", label=f"threads: {threads}")
        axes.set_xlabel("pictures a call")
        axes.set_ylabel("pictures a second")
        axes.set_ylim(bottom=0, top=axes.get_ylim()[1] * 1.1)
        axes.legend(loc="lower right")
        figure.tight_layout()
        figure.savefig(folder / "speed_throughput.svg", metadata={"Date": None})
        plt.close(figure)
