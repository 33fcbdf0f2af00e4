"""How fast images are listed, and figures of quality are given.

`python -m benchmarks.collection --records 1000` times a collection of so many made-up records, on
half of which people have decided; `--json FILE` stores what it finds.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import process_time
from typing import Annotated

import msgspec
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.results import (
    COLLECTION_ROWS,
    CollectionSpeed,
    CollectionTimings,
    Spread,
    save,
)
from benchmarks.search import Told, made_up
from captioner.collection import Collection, Filters, Sort
from captioner.entries import Change, EntryReview
from captioner.records import ModelName

app = typer.Typer(help=__doc__)

_CHANGED = 100  # records that change before the tables are brought up to date
_PAGE = 60
_RARE = 1_000  # one image in so many has a problem
# What the page asks for; a rare problem has the whole order's index read.
_ASKED: tuple[tuple[Filters, Sort], ...] = (
    (Filters(), "newest"),
    (Filters(), "review"),
    (Filters(review="pending"), "review"),
    (Filters(problem="any"), "newest"),
    (Filters(prefix="room 5/"), "name"),
)


@app.command()
def speed(
    *,
    records: Annotated[
        list[int], typer.Option(min=1, help="Records listed; may be told several times.")
    ],
    repeats: Annotated[int, typer.Option(min=2, help="Times that each page is asked for.")] = 20,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
) -> None:
    """Time a collection of so many records: building, following, listing, summing up."""
    results = CollectionSpeed(
        command=f"python -m benchmarks.collection {' '.join(f'--records {n}' for n in records)}",
        machine=this_machine(),
        timings=tuple(measure(count, repeats) for count in records),
    )
    table = Table("processor time and disk")
    for each in results.timings:
        table.add_column(f"{each.records:,} records", justify="right")
    for label, told in COLLECTION_ROWS:
        table.add_row(label, *map(told, results.timings))
    Console().print(table)
    if json is not None:
        save(results, json)


def measure(records: int, repeats: int) -> CollectionTimings:
    """Build tables of so many records, bring them up to date, and ask."""
    changes = list(varied(records))
    with tempfile.TemporaryDirectory() as folder:
        told = Told("collection", changes)
        collection = Collection(told, Path(folder), max_age=timedelta(days=1))  # type: ignore[arg-type]
        build_s = _timed(collection.follow)
        later = [
            msgspec.structs.replace(each, etag="2", replaces=each.etag)
            for each in changes[:_CHANGED]
        ]
        told.then(later)
        follow_s = _timed(collection.follow)
        pages = [
            _timed(partial(_listed, collection, filters, sort))
            for _ in range(repeats)
            for filters, sort in _ASKED
        ]
        sums = [_timed(lambda: msgspec.json.encode(collection.quality())) for _ in range(repeats)]
        disk = collection.path.stat().st_size / 2**20
    return CollectionTimings(
        records=records,
        build_s=round(build_s, 3),
        changes=len(later),
        follow_s=round(follow_s, 3),
        page=Spread.of([1000 * each for each in pages]),
        quality=Spread.of([1000 * each for each in sums]),
        disk_mib=round(disk, 1),
    )


def varied(count: int) -> Iterator[Change]:
    """Make records that came over four months; on every other one somebody has decided."""
    chance = np.random.default_rng(1)
    for number, change in enumerate(made_up(count)):
        entry = change.entry
        assert entry is not None  # noqa: S101 - each is of a record
        assert entry.alt_text is not None  # noqa: S101 - it is the caption
        came = entry.updated - timedelta(seconds=int(chance.integers(10_000_000)))
        confidence, decided = float(chance.random()), bool(number % 2)
        alt_text = msgspec.structs.replace(
            entry.alt_text, status="approved" if decided else "machine", updated=came
        )
        entry = msgspec.structs.replace(
            entry,
            alt_text=alt_text,
            captions=(msgspec.structs.replace(entry.captions[0], confidence=confidence),),
            problems=() if number % _RARE else ("vision_throttled",),
            reviews=tuple(_reviews(number, confidence)) if decided else (),
            created=came,
        )
        yield msgspec.structs.replace(change, entry=entry)


def _reviews(number: int, confidence: float) -> Iterator[EntryReview]:
    """Give how the captions of two captioners fared, each in one of three versions."""
    for source in ("onnx", "azure-vision"):
        yield EntryReview(
            source=source,
            model=ModelName("made-up", str(number % 3)),
            confidence=confidence,
            proposed=source == "onnx",
            approved=source == "onnx",
            distance=0.0 if source == "onnx" else 0.25,
        )


def _listed(collection: Collection, filters: Filters, sort: Sort) -> bytes:
    page = collection.images(filters, sort=sort, limit=_PAGE)
    return msgspec.json.encode(page)


def _timed(call: Callable[[], object]) -> float:
    """Give the seconds of a processor that a call takes, whatever else the machine does."""
    began = process_time()
    call()
    return process_time() - began


if __name__ == "__main__":
    app()
