"""The memory of one process over many captions of unlike pictures."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

from rich.console import Console
from rich.progress import track

from benchmarks.host import ROOT, memory_mib_of
from benchmarks.load_results import MemoryRun, Slope, thinned
from benchmarks.machine import this_machine
from benchmarks.pictures import large_jpeg, parts_of_photographs, photographs
from captioner.composition import build_captioning
from captioner.model.bundle import read_manifest
from captioner.ondemand import OnDemand, Sent
from captioner.records import ModelName
from captioner.settings import Settings

_LARGE_EVERY = 50
_PARTS = 200
_SAMPLES = 400
_PLOTTED = 120


def measure(captions: int, command: str) -> MemoryRun:
    """Caption so many pictures in a process of its own."""
    manifest = read_manifest(ROOT / "models")
    began = time.monotonic()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        samples = pool.submit(_follow, captions).result()
    half = [each for each in samples if each[0] > captions / 2]
    shown = thinned(samples, _PLOTTED)
    return MemoryRun(
        command=command,
        machine=this_machine(),
        bundle=ModelName(manifest.name, manifest.version),
        captions=captions,
        large=captions // _LARGE_EVERY,
        seconds=round(time.monotonic() - began, 1),
        at=tuple(number for number, _ in shown),
        memory_mib=tuple(round(mib, 1) for _, mib in shown),
        slope=Slope.of([number for number, _ in half], [mib for _, mib in half]),
    )


def _follow(captions: int) -> list[tuple[int, float]]:
    """Caption, and give resident memory in MiB after so many captions."""
    settings = Settings(model_dir=ROOT / "models")
    on_demand = OnDemand(build_captioning(settings), max_bytes=settings.max_image_bytes)
    # Files that stay, so that only captioning can make memory grow.
    files = [*photographs(), *parts_of_photographs(_PARTS)]
    large = large_jpeg()
    every, samples = max(captions // _SAMPLES, 1), []
    for number in track(
        range(1, captions + 1), "Captioning", console=Console(stderr=True), transient=True
    ):
        file = files[number % len(files)] if number % _LARGE_EVERY else large
        (captioned,) = on_demand.caption([Sent("photograph", len(file), lambda f=file: f)])  # type: ignore[misc]
        if not captioned.record.captions:
            raise RuntimeError(captioned.record.problems[0].message)
        if number % every == 0:
            samples.append((number, memory_mib_of("self")))
    return samples
