"""Times captions from bytes to text: `python -m benchmarks.caption [--bundle DIR] [--json FILE]`.

Everything is measured in one run, settings taking turns, so that whatever else the machine does
strikes them alike.
"""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.pictures import large_jpeg, photographs
from benchmarks.results import ROWS, FreshProcess, Results, Spread, Timings, save
from captioner.errors import CaptionerError
from captioner.images import Picture, decode
from captioner.model.bundle import Bundle, open_bundle
from captioner.model.decoding import beam_search
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.model.preprocessing import encoder_input
from captioner.model.stepping import CachedStep
from captioner.records import ModelName
from captioner.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
THREADS = (1, 2)
BEAMS = (1, 3)
_LIMITS = Settings()


class Stopwatch:
    """Measurements in milliseconds, by what was measured."""

    def __init__(self) -> None:
        self._measured: defaultdict[str, list[float]] = defaultdict(list)

    def time[T](self, what: str, call: Callable[[], T]) -> T:
        began = perf_counter()
        result = call()
        self._measured[what].append((perf_counter() - began) * 1000)
        return result

    @property
    def labels(self) -> list[str]:
        return list(self._measured)

    def spread(self, what: str) -> Spread:
        return Spread.of(self._measured[what])


def measure(folder: Path, repeats: int, command: str) -> Results:
    """Measure a bundle.

    Raises `CaptionerError` where it cannot be used.
    """
    bundles = {threads: open_bundle(folder, threads=threads) for threads in THREADS}
    files, large = photographs(), large_jpeg()
    watches = {threads: Stopwatch() for threads in THREADS}
    for bundle in bundles.values():
        _caption(bundle, files[0])  # the first run of a graph allocates its memory
    for _ in track(range(repeats), "Measuring", console=Console(stderr=True), transient=True):
        for threads, bundle in bundles.items():
            for file in files:
                _time_parts(watches[threads], bundle, file)
            watches[threads].time("decode_large", partial(_decode, large))
            watches[threads].time("whole_large", partial(_caption, bundle, large))
    manifest = bundles[1].manifest
    return Results(
        command=command,
        bundle=ModelName(manifest.name, manifest.version),
        beam_size=manifest.beam.beam_size,
        machine=this_machine(),
        photographs=len(files),
        repeats=repeats,
        timings=tuple(_timings(threads, watches[threads]) for threads in THREADS),
        fresh=fresh_process(folder, files[0], repeats),
        fresh_large=fresh_process(folder, large, repeats),
    )


def _time_parts(watch: Stopwatch, bundle: Bundle, file: bytes) -> None:
    picture = watch.time("decode", partial(_decode, file))
    watch.time("encode", partial(_encode, bundle, picture))
    for beam_size in BEAMS:
        step = _encode(bundle, picture)
        settings = replace(bundle.beam_settings, beam_size=beam_size)
        watch.time(f"search {beam_size}", partial(beam_search, step, 1, settings))
    watch.time("whole", partial(_caption, bundle, file))


def _decode(file: bytes) -> Picture:
    return decode(file, max_bytes=_LIMITS.max_image_bytes, max_pixels=_LIMITS.max_image_pixels)


def _encode(bundle: Bundle, picture: Picture) -> CachedStep:
    return bundle.start(encoder_input([picture.image], bundle.manifest.resize))


def _caption(bundle: Bundle, file: bytes) -> None:
    OnnxCaptioner(bundle).caption([_decode(file)])


def _timings(threads: int, watch: Stopwatch) -> Timings:
    return Timings(
        threads=threads,
        decode=watch.spread("decode"),
        decode_large=watch.spread("decode_large"),
        encode=watch.spread("encode"),
        search={beam_size: watch.spread(f"search {beam_size}") for beam_size in BEAMS},
        whole=watch.spread("whole"),
        whole_large=watch.spread("whole_large"),
    )


def fresh_process(folder: Path, file: bytes, repeats: int) -> FreshProcess:
    """Start processes that caption one file and end; medians of their time and memory."""
    environment = {
        **os.environ,
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",  # named, never reached
        "MODEL_DIR": str(folder.resolve()),
        "VISION_ENDPOINT": "",
        "VISION_KEY": "",
    }
    seconds, peaks = [], []
    with tempfile.NamedTemporaryFile() as image:
        image.write(file)
        image.flush()
        command = [sys.executable, "-m", "benchmarks.first_caption", image.name]
        for _ in range(min(repeats, 5)):
            began = perf_counter()
            done = subprocess.run(
                command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True, text=True
            )
            seconds.append(perf_counter() - began)
            peaks.append(float(done.stdout))
    return FreshProcess(round(median(seconds), 2), round(median(peaks), 1))


def show(results: Results, console: Console) -> None:
    """Print the results as a table."""
    table = Table(
        "milliseconds a picture, p50 / p95",
        title=f"{results.bundle.name} {results.bundle.version} on {results.machine.processor}",
    )
    for each in results.timings:
        table.add_column(f"threads: {each.threads}", justify="right")
    for label, spread in ROWS:
        table.add_row(label, *(f"{s.p50:.1f} / {s.p95:.1f}" for s in map(spread, results.timings)))
    console.print(table)
    for what, fresh in (("photograph", results.fresh), ("12 MP JPEG", results.fresh_large)):
        console.print(
            f"Fresh process, {what}: {fresh.seconds:.2f} s to its caption, "
            f"at most {fresh.peak_mib:.0f} MiB"
        )


def main(
    *,
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")] = Path("models"),
    repeats: Annotated[int, typer.Option(min=2, help="Times that all is measured.")] = 20,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
) -> None:
    """Time captions and their parts on photographs, with one thread and with two."""
    command = "python -m benchmarks.caption" + (f" --json {json}" if json else "")
    try:
        results = measure(bundle, repeats, command)
    except CaptionerError as fault:
        Console(stderr=True).print(
            fault.message, style="red", markup=False, highlight=False, soft_wrap=True
        )
        raise typer.Exit(1) from None
    show(results, Console())
    if json is not None:
        save(results, json)


if __name__ == "__main__":
    typer.run(main)
