"""Names of images, or filters, to the records that are to be exported."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from typing import Annotated, Final

from msgspec import Meta, Struct

from captioner.captioning import IMAGE, failed
from captioner.collection import Filters
from captioner.errors import InvalidRequest, RecordNotFound, RecordUnreadable
from captioner.exports.canvas import Canvas
from captioner.exports.files import Format
from captioner.exports.filters import Listing
from captioner.records import CaptionRecord, ImageFacts, Problem
from captioner.store import ImageStore

MOST_AT_ONCE: Final = 5000
FORMATS: Final = "csv, jsonl, xmp, annotations or html"

_READ_AT_ONCE = 8  # requests; the SDK keeps ten connections
_BATCH = 64  # records on their way at once


class ExportRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Which images to export, and as what."""

    format: Annotated[Format, Meta(description=FORMATS)]
    names: Annotated[
        Annotated[
            tuple[Annotated[str, Meta(min_length=1, max_length=1024)], ...],
            Meta(min_length=1, max_length=MOST_AT_ONCE),
        ],
        Meta(description=f"a list of 1 to {MOST_AT_ONCE:,} names of images"),
    ]


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the records asked for; `next` asks for those after them, None at the end."""

    records: Sequence[CaptionRecord]
    next: str | None


_UNREAD: Final = frozenset(each.code for each in (InvalidRequest, RecordNotFound, RecordUnreadable))


def why_unread(record: CaptionRecord) -> Problem | None:
    """Tell why there is no record where one was asked for; None of a record that was read."""
    problem = record.problem_of(IMAGE)
    return problem if problem and problem.code in _UNREAD else None


class Exports:
    """Reads what is to be exported; safe to share between threads."""

    def __init__(self, store: ImageStore, listing: Listing, canvas: Canvas) -> None:
        self._store = store
        self._listing = listing
        self.canvas = canvas

    def one(self, name: str) -> CaptionRecord:
        """Read the record of an image; raises `StoreError` or `InvalidRequest`."""
        return self._store.get_record(name)[0]

    def named(self, names: Iterable[str]) -> Iterator[CaptionRecord]:
        """Read the records of images, in order, a few at a time.

        One that is missing or cannot be read ends nothing: its record tells why it holds no
        caption. Raises `StoreError` where storage does not work.
        """
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            for batch in batched(dict.fromkeys(names), _BATCH, strict=False):
                yield from pool.map(self._read, batch)

    def part(self, filters: Filters, *, after: str | None, limit: int) -> Part:
        """Read the records of at most `limit` images that are as asked; raises `StoreError`."""
        names, following = self._listing.names(filters, after=after, limit=limit)
        return Part(tuple(self.named(names)), following)

    def _read(self, name: str) -> CaptionRecord:
        try:
            return self.one(name)
        except (InvalidRequest, RecordNotFound, RecordUnreadable) as fault:
            return failed(ImageFacts(name=name), IMAGE, fault).record
