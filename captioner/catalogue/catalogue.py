"""Reading the catalogue: all of it, or what has happened since."""

import gzip
import logging
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import IO

import msgspec
from msgspec import Struct

from captioner.entries import Change, read_change
from captioner.errors import StoreConflict
from captioner.parsing import read
from captioner.records import Moment, now
from captioner.store import CatalogueBlobs, LeaseLost, Stock

# A segment that is in the snapshot is kept so long, for readers who have not come to its end.
KEPT = timedelta(days=1)
# A reader who has looked less than this ago finds all that followed in the log.
_LOG_SUFFICES = KEPT / 2

_PART = 4 * 2**20  # bytes of the log held at once
_TRIES = 5
_HEADER = 2**16  # bytes of a snapshot in which its compressed header ends
_GZIP = 31  # zlib's number for the format
_SPOOLED = 8 * 2**20  # bytes of a snapshot kept in memory before they go to disk

_log = logging.getLogger(__name__)


class Position(Struct, frozen=True):
    """How far somebody has read: bytes of each segment, and when they looked."""

    offsets: dict[str, int]
    looked: Moment


class Header(Struct, frozen=True):
    """First line of a snapshot: the bytes of each segment that are in it."""

    covered: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Reading:
    """What the catalogue has to say; `position` is reached when all `changes` are read.

    Several changes may be of one image, in any order. `anew` tells that they are everything, and
    that what the reader knew is void.
    """

    anew: bool
    changes: Iterator[Change]
    position: Position


class Catalogue:
    """The catalogue as it lies in storage; safe to share between threads."""

    def __init__(self, blobs: CatalogueBlobs) -> None:
        self._blobs = blobs

    @property
    def url(self) -> str:
        """Give what tells this catalogue from any other."""
        return self._blobs.url

    def read(self, since: Position | None = None) -> Reading:
        """Give what has changed, or everything where the reader has been away for long.

        Raises `StoreError`, as may the reading of `changes`: `StoreConflict` where they should be
        asked for again.
        """
        looked = now()
        stock = self._blobs.look()
        position = Position({each.name: each.size for each in stock.segments}, looked)
        if since is not None and _log_suffices(since, looked, stock):
            return Reading(anew=False, changes=self.log(stock, since.offsets), position=position)
        return Reading(anew=True, changes=self._everything(stock), position=position)

    def log(self, stock: Stock, offsets: Mapping[str, int]) -> Iterator[Change]:
        """Give what the segments hold beyond these offsets; what is no change is left out."""
        for segment in stock.segments:
            yield from self.segment(segment.name, offsets.get(segment.name, 0), segment.size)

    def segment(self, name: str, start: int, end: int) -> Iterator[Change]:
        """Give the changes in these bytes of a segment."""
        rest = b""
        for place in range(start, end, _PART):
            part = self._blobs.read_segment(name, place, min(place + _PART, end))
            *lines, rest = (rest + part).split(b"\n")
            yield from _changes(lines)
        yield from _changes([rest])

    def header(self, stock: Stock) -> Header:
        """Read what the snapshot covers, without the rest of it.

        Raises `StoreConflict` where there is a later one.
        """
        if stock.snapshot is None or not stock.snapshot_size:
            return Header()
        start = self._blobs.read_snapshot_start(stock.snapshot, _HEADER)
        try:
            line = zlib.decompressobj(_GZIP).decompress(start).partition(b"\n")[0]
            return read(line, msgspec.json.Decoder(Header))
        except (zlib.error, msgspec.DecodeError):
            return Header()  # then nothing is known to be covered, and all of the log is read

    def snapshot(self, stock: Stock) -> Iterator[Change]:
        """Give the changes in the snapshot, sorted by name, one for each image.

        Raises `StoreConflict` where there is a later one.
        """
        if stock.snapshot is None:
            return
        with tempfile.SpooledTemporaryFile(_SPOOLED) as file:
            self._blobs.read_snapshot(stock.snapshot, file)
            file.seek(0)
            yield from _changes(_lines_below_header(file))

    def _everything(self, stock: Stock) -> Iterator[Change]:
        header = self.header(stock)
        yield from self.snapshot(stock)
        yield from self.log(stock, header.covered)


def _log_suffices(since: Position, looked: Moment, stock: Stock) -> bool:
    # Segments vanish after they were folded only: where there is nothing they were folded into,
    # somebody emptied the container, and what was read of it is void.
    another = stock.snapshot is None and not since.offsets.keys() <= {
        s.name for s in stock.segments
    }
    # A look in the future is one by a clock that was wrong.
    return abs(looked - since.looked) < _LOG_SUFFICES and not another


def retrying[Result](attempt: Callable[[], Result]) -> Result:
    """Do what reads the catalogue again where the catalogue was rewritten meanwhile."""
    for _ in range(_TRIES - 1):
        try:
            return attempt()
        except LeaseLost:
            raise
        except StoreConflict:
            _log.info("The catalogue was rewritten while it was read; it is read again")
    return attempt()


def _lines_below_header(file: IO[bytes]) -> Iterator[bytes]:
    """Give the lines of a snapshot; a damaged one ends where the damage begins."""
    with gzip.open(file) as lines:
        try:
            yield from islice(lines, 1, None)
        except (OSError, EOFError, zlib.error) as fault:
            _log.error("The catalogue's snapshot is damaged (%s): have it rebuilt", fault)


def _changes(lines: Iterable[bytes]) -> Iterator[Change]:
    for line in lines:
        if not line.strip():
            continue
        try:
            yield read_change(line)
        except msgspec.DecodeError as fault:
            _log.warning("A line of the catalogue is left out: %s", fault)
