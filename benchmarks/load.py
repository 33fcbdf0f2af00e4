"""The app under load: `python -m benchmarks.load [--part PART] [--json FILE] [--plot FOLDER]`.

Three parts, each of which may be run alone. `http`: more and more clients at once, until the host
refuses some, and a look whether it then answers as before. `drain`: images that wait in storage,
captioned through the blob trigger, by each way in which the host may learn of them. `memory`: what
one process holds over many captions. App, storage emulator and load generator share the machine.
"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

from benchmarks import load_drain, load_http, load_memory
from benchmarks.host import RunFailed
from benchmarks.load_plots import plot
from benchmarks.load_results import Drains, HttpLoad, Load, MemoryRun, Step
from benchmarks.results import load, save
from captioner.settings import BlobTriggerSource
from scripts.errors import SetupError

CLIENTS = (1, 2, 4, 8, 16, 50, 100, 200)


class Part(StrEnum):
    HTTP = "http"
    DRAIN = "drain"
    MEMORY = "memory"


def main(
    *,
    part: Annotated[
        list[Part] | None, typer.Option(help="What to measure; all unless told.")
    ] = None,
    clients: Annotated[
        list[int] | None, typer.Option(min=1, help="Clients of each step; 1 to 200 unless told.")
    ] = None,
    seconds: Annotated[int, typer.Option(min=1, help="Seconds of each step.")] = 10,
    images: Annotated[int, typer.Option(min=10, help="Images to drain.")] = 10_000,
    source: Annotated[
        list[BlobTriggerSource] | None,
        typer.Option(help="How the host learns of them; one after the other unless told."),
    ] = None,
    captions: Annotated[int, typer.Option(min=60, help="Captions of one process.")] = 20_000,
    json: Annotated[
        Path | None,
        typer.Option(help="Write the figures to this file; what it has of other parts stays."),
    ] = None,
    drawing: Annotated[
        Path | None, typer.Option("--plot", help="Draw what --json has into this folder.")
    ] = None,
) -> None:
    """Measure what is asked for, tell it, and store it."""
    console = Console()
    known = load(json, Load) if json and json.exists() else Load()
    command, parts = "python -m benchmarks.load", part or list(Part)
    try:
        if Part.HTTP in parts:
            http = load_http.measure(
                clients or CLIENTS, seconds, f"{command} --part http --seconds {seconds}"
            )
            show_http(http, console)
            known = _kept(msgspec.structs.replace(known, http=http), json)
        if Part.DRAIN in parts:
            for each in source or load_drain.SOURCES:
                drains = load_drain.measure(
                    images, each, f"{command} --part drain --source … --images …", known.drains
                )
                show_drains(drains, console)
                known = _kept(msgspec.structs.replace(known, drains=drains), json)
        if Part.MEMORY in parts:
            memory = load_memory.measure(captions, f"{command} --part memory --captions {captions}")
            show_memory(memory, console)
            known = _kept(msgspec.structs.replace(known, memory=memory), json)
    except (RunFailed, SetupError) as fault:
        Console(stderr=True).print(str(fault), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    if drawing is not None:
        plot(known, drawing)


def _kept(found: Load, path: Path | None) -> Load:
    """Store each part when it is there: the next ones take long."""
    if path is not None:
        save(found, path)
    return found


def show_http(http: HttpLoad, console: Console) -> None:
    for what, steps in (("captions", http.caption), ("records", http.record)):
        for each in steps:
            console.print(f"{what}, {each.clients} clients: {_told(each)}")


def _told(step: Step) -> str:
    latency = "none answered" if step.p50 is None else f"p50 {step.p50:.0f}, p99 {step.p99:.0f} ms"
    return (
        f"{step.a_second:.1f} a second, {latency}, statuses {step.statuses}, processor "
        f"{step.app_cpu_s:.1f} s of the app, {step.generator_cpu_s:.1f} s of the generator; "
        f"then {step.again_ms:.0f} ms"
    )


def show_drains(drains: Drains, console: Console) -> None:
    for each in drains.drains:
        console.print(
            f"{each.images:,} images by {each.source}: {each.seconds:.0f} s, {each.a_second:.1f} a "
            f"second, {each.sidecars:,} sidecars, {each.captioned_again:,} captioned again; the "
            f"oldest message waited {each.oldest_s:.0f} s"
        )


def show_memory(memory: MemoryRun, console: Console) -> None:
    slope = memory.slope
    console.print(
        f"{memory.captions:,} captions in {memory.seconds:.0f} s: at most "
        f"{max(memory.memory_mib):.0f} MiB, in the second half {slope.mib:+.2f} MiB "
        f"({slope.low:+.2f} to {slope.high:+.2f}) for each thousand captions"
    )


if __name__ == "__main__":
    typer.run(main)
