"""All that is told of speed, in one command: `make benchmark`, or `python -m benchmarks.suite`.

Each part is stored as soon as it is measured, so that what was stopped goes on where it was: parts
of the bundle and machine that are stored already are left alone, unless they are asked for again.
Everything together takes under ten minutes on two cores.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from msgspec import UNSET
from rich.console import Console

from benchmarks.caption import measure as captions
from benchmarks.footprint import footprint, over_http
from benchmarks.host import ROOT
from benchmarks.machine import this_machine
from benchmarks.own import MODELS, limit, stages, throughput
from benchmarks.peers import peers
from benchmarks.results import RESULTS as CAPTIONS
from benchmarks.results import load, save
from benchmarks.speed_plots import draw
from benchmarks.speed_results import RESULTS, SpeedRun
from captioner.errors import CaptionerError
from captioner.model.bundle import read_manifest
from captioner.records import ModelName

_COMMAND = "python -m benchmarks.suite"
_PARTS: dict[str, Callable[[], Any]] = {
    "stages": lambda: stages(repeats=24),
    "throughput": lambda: throughput(seconds=3.0),
    "limit": lambda: limit(repeats=40),
    "footprint": lambda: footprint(repeats=5),
    "http": lambda: over_http(requests=12),
    "peers": lambda: peers(rounds=12, seconds=180.0),
}
_CAPTIONS = "captions"
"""The table of README, which `benchmarks.caption` makes."""


def run(wanted: list[str], *, again: bool, path: Path = RESULTS) -> SpeedRun:
    """Measure the parts that are wanted, all if none is named; store each when it is there."""
    console = Console(stderr=True)
    found = _begun(path)
    for part, measure in _PARTS.items():
        named = part in wanted
        if wanted and not named:
            continue
        if getattr(found, part) is not UNSET and not again and not named:
            console.print(f"{part}: there already")
            continue
        console.print(f"{part} …")
        found = msgspec.structs.replace(found, **{part: measure()})
        save(found, path)
    if not wanted or _CAPTIONS in wanted:
        console.print(f"{_CAPTIONS} …")
        command = "python -m benchmarks.caption --json benchmarks/results.json"
        save(captions(MODELS, 20, command), CAPTIONS)
    return found


def _begun(path: Path) -> SpeedRun:
    """Take up what is stored of this bundle and machine, else begin."""
    manifest = read_manifest(MODELS)
    empty = SpeedRun(
        command=_COMMAND,
        bundle=ModelName(manifest.name, manifest.version),
        machine=this_machine(),
    )
    try:
        stored = load(path, SpeedRun)
    except (OSError, msgspec.DecodeError):
        return empty
    same = (stored.bundle, stored.machine) == (empty.bundle, empty.machine)
    return stored if same else empty


def main(
    *,
    part: Annotated[
        list[str] | None,
        typer.Option(help=f"Measure only this: {', '.join([*_PARTS, _CAPTIONS])}; repeatable."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Measure what is stored already too.")
    ] = False,
) -> None:
    """Measure speed by stages, against others and against the limit; store it for the documents."""
    wanted = part or []
    if unknown := set(wanted) - {*_PARTS, _CAPTIONS}:
        raise typer.BadParameter(f"there is no part {', '.join(sorted(unknown))}")
    try:
        found = run(wanted, again=again)
        draw(found, ROOT / "docs")
    except CaptionerError as fault:
        Console(stderr=True).print(fault.message, style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    Console().print_json(msgspec.json.encode(found).decode())


if __name__ == "__main__":
    typer.run(main)
