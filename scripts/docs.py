"""Tables in README.md, docs/, training/README.md and the model card that nobody types.

Each stands between two comments that name it, and is made from what is set or measured.
`python -m scripts.docs` tells which are out of date; with `--write` it brings them up to date.
"""

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

from benchmarks import load_results, results, sizing
from benchmarks.speed_results import SpeedRun
from captioner.errors import CaptionerError
from captioner.model.bundle import read_manifest
from scripts import (
    gallery_tables,
    load_tables,
    operate_tables,
    performance_tables,
    runs,
    search_tables,
    tables,
    telemetry_tables,
)
from scripts.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
_DOCUMENTS = (
    "README.md",
    "docs/observability.md",
    "docs/operate.md",
    "docs/performance.md",
    "models/MODEL_CARD.md",
    "training/README.md",
)
_BLOCK = re.compile(r"(<!-- begin (?P<name>\S+) -->\n).*?(<!-- end (?P=name) -->)", re.DOTALL)

type Make = Callable[[], str]


def main() -> None:
    parser = argparse.ArgumentParser(description="Keep the tables of the documents true.")
    parser.add_argument("--write", action="store_true", help="bring them up to date")
    write = parser.parse_args().write
    try:
        stale = list(out_of_date(ROOT))
    except (SetupError, CaptionerError) as fault:
        sys.exit(str(fault))
    for path, text in stale:
        print(f"{path.relative_to(ROOT)} {'brought up to date' if write else 'is out of date'}")
        if write:
            path.write_text(text)
    if stale and not write:
        sys.exit("Bring them up to date with: python -m scripts.docs --write")


def out_of_date(root: Path) -> Iterator[tuple[Path, str]]:
    """Give each document whose tables are not what they should be, with its text as it should be.

    Raises `SetupError` or `CaptionerError` where what a table is made from cannot be read.
    """
    blocks = blocks_of(root)
    for path in (root / name for name in _DOCUMENTS):
        text = path.read_text()
        wanted = filled(text, blocks)
        if wanted != text:
            yield path, wanted


def filled(text: str, blocks: Mapping[str, Make]) -> str:
    """Give a document with its blocks made anew; raises `SetupError` for one of another name."""

    def block(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in blocks:
            raise SetupError(f"There is no table '{name}': known are {', '.join(blocks)}.")
        return f"{found[1]}\n{blocks[name]()}\n\n{found[3]}"

    return _BLOCK.sub(block, text)


def blocks_of(root: Path) -> dict[str, Make]:
    """Give what makes each table, by its name."""
    models = root / "models"
    prices = sizing.load_prices
    return {
        "per-image": lambda: operate_tables.takes_table(_per_image(root)),
        "sizing": lambda: operate_tables.sizing_table(_per_image(root), prices()),
        "costs": lambda: operate_tables.costs_table(_per_image(root), prices()),
        "scale-out": lambda: operate_tables.scale_out_table(_per_image(root), prices()),
        "load": lambda: load_tables.load_told(*_load(root)),
        "load-http": lambda: load_tables.http_table(_load(root)[0]),
        "load-drain": lambda: load_tables.drain_table(_load(root)[1]),
        "load-memory": lambda: load_tables.memory_told(_load(root)[2]),
        "errors": tables.errors_table,
        "settings": tables.settings_table,
        "scores": lambda: tables.scores_table(read_manifest(models)),
        "words": lambda: tables.words_table(read_manifest(models)),
        "confidence": lambda: tables.confidence_table(read_manifest(models)),
        "bundle": lambda: tables.bundle_table(read_manifest(models), models),
        "stages": lambda: tables.stages_table(read_manifest(models)),
        "decoders": lambda: tables.decoders_table(_histories(root)),
        "runs": lambda: runs.runs_table(_histories(root), root / "training" / "configs", models),
        "speed": lambda: tables.speed_table(_results(root)),
        "speed-targets": lambda: performance_tables.targets_table(_speed(root)),
        "speed-stages": lambda: performance_tables.stages_table(_speed(root)),
        "speed-throughput": lambda: performance_tables.throughput_table(_speed(root)),
        "speed-peers": lambda: performance_tables.peers_table(_speed(root)),
        "speed-limit": lambda: performance_tables.limit_table(_speed(root)),
        "speed-process": lambda: performance_tables.footprint_table(_speed(root)),
        "jobs": lambda: tables.job_told(
            _loaded(root / "benchmarks" / "jobs.json", results.JobRun, "python -m benchmarks.jobs")
        ),
        "gallery": lambda: gallery_tables.gallery_table(
            _loaded(
                root / "benchmarks" / "gallery.json",
                results.GalleryRun,
                "python -m benchmarks.gallery --records 5000",
            )
        ),
        "telemetry-spans": telemetry_tables.spans_table,
        "telemetry-metrics": telemetry_tables.metrics_table,
        "telemetry-attributes": telemetry_tables.attributes_table,
        "telemetry-cost": lambda: telemetry_tables.cost_table(
            _loaded(
                root / "benchmarks" / "telemetry.json",
                results.TelemetryRun,
                "python -m benchmarks.telemetry",
            )
        ),
        "search-quality": lambda: search_tables.quality_table(
            _loaded(
                root / "benchmarks" / "search_quality.json",
                results.SearchQuality,
                "python -m benchmarks.search quality DATA",
            )
        ),
        "search-speed": lambda: search_tables.speed_table(
            _loaded(
                root / "benchmarks" / "search_speed.json",
                results.SearchSpeed,
                "python -m benchmarks.search speed --records 1000 --records 100000",
            )
        ),
    }


def _histories(root: Path) -> list[Path]:
    found = list((root / "training" / "results").glob("*/*.csv"))
    if not found:
        raise SetupError(
            "There is no training history: copy runs/RUN/STAGE/history.csv of each run that is "
            "compared to training/results/RUN/STAGE.csv"
        )
    return found


def _per_image(root: Path) -> results.PerImage:
    path = root / "benchmarks" / "per_image.json"
    return _loaded(path, results.PerImage, "python -m benchmarks.per_image")


def _load(
    root: Path,
) -> tuple[load_results.HttpLoad, load_results.Drains, load_results.MemoryRun]:
    command = "python -m benchmarks.load"
    found = _loaded(root / "benchmarks" / "load.json", load_results.Load, command)
    if found.http is None or found.drains is None or found.memory is None:
        raise SetupError(
            f"benchmarks/load.json lacks a part; run: {command} --json benchmarks/load.json"
        )
    return found.http, found.drains, found.memory


def _speed(root: Path) -> SpeedRun:
    return _loaded(root / "benchmarks" / "speed.json", SpeedRun, "python -m benchmarks.suite")


def _results(root: Path) -> results.Results:
    """Read the benchmark's results, which must be those of the bundle that ships."""
    command = "python -m benchmarks.caption"
    found = _loaded(root / "benchmarks" / "results.json", results.Results, command)
    shipped = read_manifest(root / "models").version
    if found.bundle.version != shipped:
        raise SetupError(
            f"benchmarks/results.json is about bundle {found.bundle.version}, but {shipped} "
            f"ships; run: {command} --json benchmarks/results.json"
        )
    return found


def _loaded[Of: msgspec.Struct](path: Path, kind: type[Of], command: str) -> Of:
    """Read what a benchmark stored."""
    file = f"benchmarks/{path.name}"
    try:
        return results.load(path, kind)
    except (OSError, msgspec.DecodeError) as fault:
        raise SetupError(f"{file} cannot be read ({fault}); run: {command} --json {file}") from None


if __name__ == "__main__":
    main()
