"""The pages of a listing, their division into chunks, and the count of what came of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from msgspec import Struct

from captioner.store import ImageEntry

PAGE_SIZE = 1000
"""Blobs or URLs listed in one step."""

CHUNK_SIZE = 16
"""Images captioned in one step: seconds of work, two minutes where their servers are slow.

Jobs in storage are divided by it: one that runs while it is changed has to be started anew.
"""


class Lines(Struct, frozen=True, array_like=True):
    """Part of the list of URLs: its bytes, its lines, and the place of the first among all."""

    start: int
    end: int
    count: int
    first: int


class Page(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one step of listing found; `next` asks for what comes after, None at the end."""

    images: tuple[ImageEntry, ...] = ()
    lines: Lines | None = None
    next: str | None = None

    @property
    def count(self) -> int:
        return len(self.images) if self.lines is None else self.lines.count

    @property
    def chunks(self) -> range:
        return _chunks(self.count)


def within(chunk: int, count: int) -> range:
    """Give the places on a page of `count` images that belong to a chunk."""
    return range(chunk * CHUNK_SIZE, min((chunk + 1) * CHUNK_SIZE, count))


@dataclass(frozen=True, slots=True)
class ChunkTally:
    """What a chunk's result says of its images; `waiting` are places on the page."""

    round: int
    chunk: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    waiting: tuple[int, ...] = ()

    @property
    def metadata(self) -> dict[str, str]:
        counts = {name: str(getattr(self, name)) for name in ("done", "skipped", "failed")}
        # Left out where there is none: a header without a value is not everybody's.
        return counts | ({"waiting": ",".join(map(str, self.waiting))} if self.waiting else {})

    @classmethod
    def of(cls, round_: int, chunk: int, metadata: Mapping[str, str]) -> Self:
        return cls(
            round_,
            chunk,
            done=int(metadata["done"]),
            skipped=int(metadata["skipped"]),
            failed=int(metadata["failed"]),
            waiting=tuple(map(int, filter(None, metadata.get("waiting", "").split(",")))),
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """What came of a page's images; `last` is the end of the listing, `rounds` those begun."""

    found: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    waiting: int = 0
    rounds: int = 1
    last: bool = False

    @property
    def chunks(self) -> range:
        return _chunks(self.found)

    @property
    def finished(self) -> int:
        return self.done + self.skipped + self.failed

    @property
    def is_complete(self) -> bool:
        return self.finished == self.found

    @property
    def metadata(self) -> dict[str, str]:
        counts = ("found", "done", "skipped", "failed", "waiting", "rounds")
        return {name: str(getattr(self, name)) for name in counts} | {"last": str(int(self.last))}

    @classmethod
    def of(cls, metadata: Mapping[str, str]) -> Self:
        numbers: dict[str, Any] = {name: int(value) for name, value in metadata.items()}
        return cls(**{**numbers, "last": bool(numbers["last"])})

    def counted(self, chunks: Iterable[ChunkTally]) -> "Tally":
        """Count the page anew from all results that it has."""
        found = list(chunks)
        waiting = (len(each.waiting) for each in _latest(found).values())
        return Tally(
            found=self.found,
            done=sum(each.done for each in found),
            skipped=sum(each.skipped for each in found),
            failed=sum(each.failed for each in found),
            waiting=sum(waiting),
            rounds=max((1 + each.round + bool(each.waiting) for each in found), default=1),
            last=self.last,
        )


def outstanding(chunks: range, results: Iterable[ChunkTally]) -> list[tuple[int, int]]:
    """Give what has no result yet, as chunk and round: those never done, those that wait."""
    latest = _latest(results)
    fresh = [(chunk, 0) for chunk in chunks if chunk not in latest]
    return fresh + [(each.chunk, each.round + 1) for each in latest.values() if each.waiting]


def _latest(results: Iterable[ChunkTally]) -> dict[int, ChunkTally]:
    return {each.chunk: each for each in sorted(results, key=lambda result: result.round)}


def _chunks(images: int) -> range:
    return range(-(-images // CHUNK_SIZE))
