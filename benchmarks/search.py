"""How well and how fast images are found.

`python -m benchmarks.search quality DATA` asks for the pictures of Flickr8k by what people said of
them; `python -m benchmarks.search speed --records 1000` times an index of so many made-up records.
Either stores what it finds with `--json FILE`.
"""

import resource
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Annotated

import bm25s
import numpy as np
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.machine import this_machine
from benchmarks.results import (
    SEARCH_ROWS,
    Recall,
    SearchQuality,
    SearchSpeed,
    SearchTimings,
    Spread,
    save,
)
from captioner.catalogue import Position, Reading
from captioner.entries import Change, Entry, EntryAltText, EntryCaption
from captioner.lexicon.relatedness import VECTORS
from captioner.records import now
from captioner.search import parse
from captioner.search.embedded import EmbeddedSearch
from captioner.search.ranking import RANKING, Ranking

app = typer.Typer(help=__doc__, no_args_is_help=True)

_DEPTHS = (1, 5, 10)
_QUERIES = (
    "dog",
    "man guitar bench",
    "two children play in the snow",
    '"red car"',
    "guit*",
    "dgos",
)
_REFRESHED = 100  # records that change before an index is brought up to date

type Rank = Callable[[str], list[str]]


class Told:
    """A catalogue that says what it is told to, without storage."""

    def __init__(self, url: str, changes: Sequence[Change]) -> None:
        self.url = url
        self._changes: Sequence[Change] = changes

    def then(self, changes: Sequence[Change]) -> None:
        self._changes = changes

    def read(self, since: Position | None = None) -> Reading:
        changes, self._changes = self._changes, ()
        return Reading(anew=since is None, changes=iter(changes), position=Position({}, now()))


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody said of a picture, and which one it was."""

    text: str
    image: str


def flickr8k(folder: Path, split: str) -> tuple[dict[str, str], list[Question]]:
    """Read the captions of Flickr8k: the first of each picture, and the others of a split's."""
    said: dict[str, list[str]] = {}
    texts = folder / "Flickr8k_text"
    for line in (texts / "Flickr8k.token.txt").read_text().splitlines():
        label, _, caption = line.partition("\t")
        image, _, _ = label.rpartition("#")
        if image.endswith(".jpg"):  # one picture in the list has no file
            said.setdefault(image, []).append(caption.strip())
    of_split = (texts / f"Flickr_8k.{split}Images.txt").read_text().split()
    questions = [
        Question(caption, image) for image in of_split for caption in said.get(image, ())[1:]
    ]
    return {image: captions[0] for image, captions in said.items()}, questions


def change_of(name: str, caption: str, *, version: int = 1) -> Change:
    """Give the change that the record of an image with this caption makes."""
    moment = now()
    entry = Entry(
        name=name,
        alt_text=EntryAltText(caption, "onnx", "machine"),
        captions=(EntryCaption("onnx", caption, 0.5, "en"),),
        updated=moment,
    )
    return Change(
        name=name, etag=str(version), modified=moment, replaces=str(version - 1), entry=entry
    )


def reference(captions: dict[str, str]) -> Rank:
    """Rank by plain BM25, as bm25s does by itself: no stemming, its English stop words."""
    names = list(captions)

    def words(texts: list[str]) -> bm25s.tokenization.Tokenized:
        return bm25s.tokenize(texts, stopwords="en", show_progress=False)

    deepest = min(max(_DEPTHS), len(names))
    ranker = bm25s.BM25(k1=1.2, b=0.75)
    ranker.index(words(list(captions.values())), show_progress=False)

    def rank(text: str) -> list[str]:
        found, _ = ranker.retrieve(words([text]), k=deepest, show_progress=False)
        return [names[place] for place in found[0]]

    return rank


def embedded(captions: dict[str, str], folder: Path, ranking: Ranking) -> Rank:
    """Rank as the app does, by these parameters."""
    changes = [change_of(name, caption) for name, caption in captions.items()]
    search = _search(Told("quality", changes), folder, ranking)

    def rank(text: str) -> list[str]:
        answer = search.search(parse(text), limit=max(_DEPTHS))
        return [hit.image.name for hit in answer.results]

    return rank


def recalls(questions: Iterable[Question], rank: Rank) -> dict[int, float]:
    """Give how many percent of the questions find their image so far up, by depth."""
    places = []
    for question in questions:
        found = rank(question.text)
        places.append(found.index(question.image) if question.image in found else max(_DEPTHS))
    found_by = np.array(places)
    return {depth: round(100 * float(np.mean(found_by < depth)), 2) for depth in _DEPTHS}


@app.command()
def quality(
    data: Annotated[Path, typer.Argument(help="Folder with Flickr8k_text in it.")],
    *,
    split: Annotated[str, typer.Option(help="dev to choose by, test to report.")] = "test",
    share: Annotated[float, typer.Option(help="Of nearness in meaning.")] = RANKING.share,
    length: Annotated[float, typer.Option(help="How far long texts count less.")] = RANKING.length,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
) -> None:
    """Ask for pictures by what other people said of them; tell how often they are found."""
    captions, questions = flickr8k(data, split)
    ranking = Ranking(share=share, length=length)
    with tempfile.TemporaryDirectory() as folder:
        rankers = {
            "plain BM25 (bm25s)": reference(captions),
            "captioner": embedded(captions, Path(folder), ranking),
        }
        found = []
        for name, rank in rankers.items():
            with Progress(console=Console(stderr=True), transient=True) as progress:
                asked = progress.track(questions, description=name)
                found.append(Recall(name, recalls(asked, rank)))
    options = "" if ranking == RANKING else f" --share {share:g} --length {length:g}"
    results = SearchQuality(
        command=f"python -m benchmarks.search quality … --split {split}{options}",
        split=split,
        records=len(captions),
        queries=len(questions),
        recalls=tuple(found),
    )
    _show_quality(results)
    if json is not None:
        save(results, json)


def _show_quality(results: SearchQuality) -> None:
    table = Table("ranked by", *(f"recall@{depth}, %" for depth in _DEPTHS))
    for each in results.recalls:
        table.add_row(each.ranker, *(f"{share:.1f}" for share in each.at.values()))
    console = Console()
    console.print(table)
    console.print(
        f"{results.records:,} records, {results.queries:,} queries of the {results.split} split"
    )


def made_up(count: int) -> Iterator[Change]:
    """Make records of twelve words each, drawn as unevenly as words are."""
    with np.load(VECTORS) as table:
        words = np.array(table["stems"])
    chances = 1 / np.arange(1, len(words) + 1)
    chance = np.random.default_rng(1)
    for number in range(count):
        drawn = chance.choice(words, 12, p=chances / chances.sum())
        yield change_of(f"room {number % 97}/picture {number}.jpg", " ".join(drawn))


@app.command()
def speed(
    *,
    records: Annotated[
        list[int], typer.Option(min=1, help="Records in the index; may be told several times.")
    ],
    repeats: Annotated[int, typer.Option(min=2, help="Times that each query is asked.")] = 10,
    json: Annotated[Path | None, typer.Option(help="Write the results to this file.")] = None,
) -> None:
    """Time an index of so many records: building, following, asking; its disk and memory."""
    # A process for each, whose peak of memory is its own.
    context = get_context("spawn")
    timings = []
    for count in records:
        with ProcessPoolExecutor(1, mp_context=context) as process:
            timings.append(process.submit(measure, count, repeats).result())
    results = SearchSpeed(
        command=f"python -m benchmarks.search speed {' '.join(f'--records {n}' for n in records)}",
        machine=this_machine(),
        timings=tuple(timings),
    )
    _show_speed(results)
    if json is not None:
        save(results, json)


def measure(records: int, repeats: int) -> SearchTimings:
    """Build an index of so many records, bring it up to date, and ask."""
    changes = list(made_up(records))
    before = _peak_mib()
    with tempfile.TemporaryDirectory() as folder:
        told = Told("speed", changes)
        search = _search(told, Path(folder), RANKING)
        build_s = _timed(search.follow)
        later = [change_of(each.name, "a blue guitar", version=2) for each in changes[:_REFRESHED]]
        told.then(later)
        follow_s = _timed(search.follow)
        times = [
            1000 * _timed(partial(search.search, parse(text), limit=20))
            for _ in range(repeats)
            for text in _QUERIES
        ]
        with closing(sqlite3.connect(search.path)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        disk = search.path.stat().st_size / 2**20
    return SearchTimings(
        records=records,
        build_s=round(build_s, 3),
        changes=len(later),
        follow_s=round(follow_s, 3),
        query=Spread.of(times),
        disk_mib=round(disk, 1),
        memory_mib=round(_peak_mib() - before, 1),
    )


def _show_speed(results: SearchSpeed) -> None:
    table = Table("processor time, disk and memory")
    for each in results.timings:
        table.add_column(f"{each.records:,} records", justify="right")
    for label, told in SEARCH_ROWS:
        table.add_row(label, *map(told, results.timings))
    Console().print(table)


def _search(told: Told, folder: Path, ranking: Ranking) -> EmbeddedSearch:
    return EmbeddedSearch(
        told,  # type: ignore[arg-type]
        folder,
        max_age=timedelta(days=1),
        ranking=ranking,
    )


def _timed(call: Callable[[], object]) -> float:
    """Give the seconds of a processor that a call takes, whatever else the machine does."""
    began = process_time()
    call()
    return process_time() - began


def _peak_mib() -> float:
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


if __name__ == "__main__":
    app()
