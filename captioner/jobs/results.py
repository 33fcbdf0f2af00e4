"""What came of each image, and reading it page by page while a job runs.

Results are read in one order: by round, page, chunk and place. A reader waits at the first chunk
that is not written yet, so that what it has passed never changes. The images that waited come in
the next round, behind all that did not wait, so that they hold nobody up.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Self

import msgspec
from msgspec import UNSET, Struct, UnsetType

from captioner.errors import InvalidCursor
from captioner.jobs.job import Job
from captioner.jobs.ledger import Ledger
from captioner.jobs.pages import Tally
from captioner.records import CaptionRecord, Problem

_CURSOR = re.compile(r"([0-9]{1,2})-([0-9]{1,7})-([0-9]{1,3})-([0-9]{1,3})")


class Result(Struct, frozen=True, kw_only=True):
    """An image and its record, or the problem that it has instead.

    `image` is its name in the directory, or its URL without credentials, and `index` its place in
    the list of URLs. `skipped` had an up-to-date record before the job.
    """

    image: str
    index: int | UnsetType = UNSET
    status: Literal["done", "skipped", "failed"]
    record: CaptionRecord | UnsetType = UNSET
    problem: Problem | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a reader has come; before the first result by default."""

    round: int = 0
    page: int = 0
    chunk: int = 0
    line: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` gave; raises `InvalidCursor`."""
        found = _CURSOR.fullmatch(text)
        if found is None:
            raise InvalidCursor("The query's 'cursor' is none that was given; leave it out.")
        return cls(*map(int, found.groups()))

    def __str__(self) -> str:
        return f"{self.round}-{self.page}-{self.chunk}-{self.line}"


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Some results, each a line of JSON; `next` asks for those after them, None at the end."""

    lines: tuple[bytes, ...]
    next: Cursor | None


def lines_of(results: list[Result]) -> bytes:
    """Write results as one line of JSON each."""
    return msgspec.json.Encoder().encode_lines(results)


class Reader:
    """Reads a job's results from a cursor on."""

    def __init__(self, ledger: Ledger, job: Job) -> None:
        self._ledger = ledger
        self._job = job
        self._tallies = ledger.tallies(job.id)

    def read(self, cursor: Cursor, limit: int) -> ResultPage:
        """Give at most `limit` results.

        Where none are there yet, the cursor comes back as it was.
        """
        lines: list[bytes] = []
        for at in self._chunks(cursor):
            if at is None:
                return ResultPage(tuple(lines), cursor)
            begin = cursor.line if _place(at) == _place(cursor) else 0
            there = self._ledger.lines(self._job.id, at.page, at.round, at.chunk)[begin:]
            taken = there[: limit - len(lines)]
            lines += taken
            cursor = Cursor(at.round, at.page, at.chunk, begin + len(taken))
            if len(taken) < len(there) or len(lines) == limit:
                return ResultPage(tuple(lines), cursor)
        return ResultPage(tuple(lines), None)

    def _chunks(self, since: Cursor) -> Iterator[Cursor | None]:
        """Give where results lie, in order, from the cursor on; None for one yet to be written."""
        rounds = max((each.rounds for each in self._tallies), default=1)
        for round_ in range(since.round, rounds):
            begin = since.page if round_ == since.round else 0
            for page, tally in enumerate(self._tallies[begin:], begin):
                if self._may_have(tally, round_):
                    first = since.chunk if (round_, page) == (since.round, since.page) else 0
                    yield from self._chunks_of(page, tally, round_, first)
            if not (self._job.has_ended or self._is_listed):
                yield None
        if not (self._job.has_ended or all(each.is_complete for each in self._tallies)):
            yield None

    @property
    def _is_listed(self) -> bool:
        return bool(self._tallies) and self._tallies[-1].last

    def _may_have(self, tally: Tally, round_: int) -> bool:
        """Tell whether a page may have results of a round; counts of one at work may be late."""
        if self._job.has_ended and not tally.finished:
            return False
        return tally.rounds > round_ or not tally.is_complete

    def _chunks_of(
        self, page: int, tally: Tally, round_: int, first: int
    ) -> Iterator[Cursor | None]:
        results = self._ledger.chunks(self._job.id, page)
        written = {each.chunk for each in results if each.round == round_}
        expected = [each.chunk for each in results if each.round == round_ - 1 and each.waiting]
        for chunk in tally.chunks if round_ == 0 else sorted(expected):
            if chunk in written and chunk >= first:
                yield Cursor(round_, page, chunk)
            elif chunk >= first and not self._job.has_ended:
                yield None


def _place(cursor: Cursor) -> tuple[int, int, int]:
    return cursor.round, cursor.page, cursor.chunk
