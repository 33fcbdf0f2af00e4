"""Reading results while they are written: whatever the order, each comes once and none is lost."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.captioning import Options
from captioner.errors import InvalidCursor
from captioner.jobs.job import Job, new_id
from captioner.jobs.ledger import Ledger
from captioner.jobs.pages import CHUNK_SIZE, ChunkTally, Lines, Page, within
from captioner.jobs.results import Cursor, Reader, Result, lines_of
from captioner.records import now
from captioner.store import Document, Entry


class Shelf:
    """As much of `Documents` as results need, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[bytes, dict[str, str]]] = {}

    def create(self, name, data, *, metadata=None):
        return self.kept.setdefault(name, (data, metadata)) == (data, metadata)

    def read(self, name):
        found = self.kept.get(name)
        return found and Document(name, "etag", found[1], found[0])

    def look(self, name):
        found = self.kept.get(name)
        return found and Entry(name, "etag", found[1])

    def describe(self, name, metadata, etag):
        self.kept[name] = (self.kept[name][0], metadata)

    def every(self, prefix):
        return [
            Entry(n, "etag", m) for n, (_, m) in sorted(self.kept.items()) if n.startswith(prefix)
        ]


def job_of(state: str = "running") -> Job:
    moment = now()
    return Job(
        id=new_id(moment),
        source="urls",
        options=Options(),
        state=state,
        created=moment,
        since=moment,
    )


class Writer:
    """Writes the results of a job in any order, as its chunks would."""

    def __init__(self, counts: list[int]) -> None:
        self.job = job_of()
        self.ledger = Ledger(Shelf())
        self.counts = counts
        self.listed = 0
        self.due: list[tuple[int, int, int, tuple[int, ...]]] = []
        self.uncounted: set[int] = set()

    @property
    def is_done(self) -> bool:
        return self.listed == len(self.counts) and not self.due and not self.uncounted

    def list_page(self) -> None:
        number, count = self.listed, self.counts[self.listed]
        is_last = number + 1 == len(self.counts)
        page = Page(lines=Lines(0, 0, count, 0), next=None if is_last else "x")
        self.ledger.create_page(self.job.id, number, page)
        self.listed += 1
        self.due += [(number, 0, chunk, tuple(within(chunk, count))) for chunk in page.chunks]

    def write(self, which: int, waits: int) -> None:
        page, round_, chunk, places = self.due.pop(which % len(self.due))
        waiting = places[: waits % (len(places) + 1)] if round_ < 2 else ()
        results = [
            Result(image=f"{page}/{place}", status="done")
            for place in places
            if place not in waiting
        ]
        tally = ChunkTally(round_, chunk, done=len(results), waiting=waiting)
        self.ledger.create_result(self.job.id, page, tally, lines_of(results))
        if waiting:
            self.due.append((page, round_ + 1, chunk, waiting))
        self.uncounted.add(page)

    def count(self) -> None:
        for page in self.uncounted:
            self.ledger.recount(self.job.id, page)
        self.uncounted.clear()

    def read(self, cursor: Cursor, limit: int) -> tuple[list[str], Cursor | None]:
        found = Reader(self.ledger, self.job).read(cursor, limit)
        return [msgspec.json.decode(line)["image"] for line in found.lines], found.next


@given(
    st.lists(st.integers(0, 3 * CHUNK_SIZE), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=60),
    st.integers(1, 40),
)
def test_each_comes_once_in_one_order_however_they_are_written(counts, turns, limit):
    writer = Writer(counts)
    found: list[str] = []
    cursor: Cursor | None = Cursor()
    turns = [*turns, *[(turn, 0) for turn in range(200)]]
    for which, waits in turns:
        if which % 4 == 0 and writer.listed < len(counts):
            writer.list_page()
        elif which % 4 == 1:
            writer.count()
        elif writer.due:
            writer.write(which, waits)
        assert cursor is not None or writer.is_done
        if cursor is not None:
            read, cursor = writer.read(cursor, limit)
            found += read
    assert writer.is_done
    while cursor is not None:
        read, cursor = writer.read(cursor, limit)
        found += read
    every = [f"{page}/{place}" for page, count in enumerate(counts) for place in range(count)]
    assert sorted(found) == sorted(every)
    again, following = writer.read(Cursor(), 10_000)
    assert (again, following) == (found, None)


def test_of_what_was_cancelled_there_is_what_was_written():
    writer = Writer([3 * CHUNK_SIZE, CHUNK_SIZE])
    writer.list_page()
    writer.write(2, 0)
    writer.write(0, 3)
    writer.count()
    writer.job = msgspec.structs.replace(writer.job, state="cancelled")
    found, following = writer.read(Cursor(), 100)
    assert following is None
    assert found == [
        *(f"0/{place}" for place in range(3, CHUNK_SIZE)),
        *(f"0/{place}" for place in range(2 * CHUNK_SIZE, 3 * CHUNK_SIZE)),
    ]


@pytest.mark.parametrize("cursor", [Cursor(), Cursor(3, 1_000_000, 62, 16)])
def test_a_cursor_is_read_as_it_was_written(cursor):
    assert Cursor.parse(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text", ["", "1", "0-0-0", "0-0-0-0-0", "a-0-0-0", "-1-0-0-0", "0-0-0-0\n"]
)
def test_any_other_text_is_no_cursor(text):
    with pytest.raises(InvalidCursor):
        Cursor.parse(text)
