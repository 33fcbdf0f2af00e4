"""Keeping the catalogue short and true.

The log is folded into the snapshot, and both are compared with the sidecars.

Either is for one process at a time, by a lease, and safe if two do it after all: the snapshot is
written over the version that was read only, and a segment is deleted only as it was read.
"""

import gzip
import heapq
import logging
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import batched
from operator import attrgetter
from pathlib import Path
from typing import IO

import msgspec

from captioner.catalogue.catalogue import KEPT, Catalogue, Header, retrying
from captioner.catalogue.mirror import Mirror
from captioner.entries import Change, latest, to_line
from captioner.errors import InvalidRequest, RecordUnreadable
from captioner.records import now
from captioner.store import (
    CatalogueBlobs,
    ImageStore,
    Lease,
    LeaseLost,
    Stock,
    sidecar_name,
)

_ROUND = 32 * 2**20  # bytes of the log folded at once: what they tell is held in memory
_WORTHWHILE = 2**20  # bytes of the log that a fresh instance may have to read beside the snapshot
_MANY_SEGMENTS = 64
_READ_AT_ONCE = 8  # requests; the SDK keeps ten connections
_TOLD_AT_ONCE = 500
_COMPRESSION = 3  # of 9: a third of the time, a tenth more bytes

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mended:
    """What a comparison with the sidecars found.

    `sidecars` are all that were listed, `told` those of which the catalogue knew nothing or
    something old, or that are gone, `unreadable` those that are no records.
    """

    sidecars: int
    told: int
    unreadable: int


class Upkeep:
    """Does what keeps the catalogue short and true."""

    def __init__(self, blobs: CatalogueBlobs, store: ImageStore) -> None:
        self._blobs = blobs
        self._store = store
        self._catalogue = Catalogue(blobs)

    def keep(self) -> None:
        """Do what is due: compare with the sidecars, and fold the log where it has grown long."""
        mended = self.reconcile()
        if mended and mended.told:
            _log.warning("The catalogue was not told of %d sidecars before", mended.told)
        self.compact()

    def compact(self, *, force: bool = False) -> bool:
        """Fold the log into the snapshot where that is worthwhile; tell whether it was done.

        Raises `StoreError`.
        """
        with self._blobs.lease("compaction") as lease:
            if lease is None:
                return False
            try:
                return retrying(lambda: self._compact(lease, force=force))
            except LeaseLost:
                return False

    def _compact(self, lease: Lease, *, force: bool) -> bool:
        done = False
        while self._fold(lease, anyhow=force or done):
            done = True
        return done

    def _fold(self, lease: Lease, *, anyhow: bool) -> bool:
        """Fold as much of the log as memory should hold; False where that is not worthwhile."""
        stock = self._blobs.look()
        covered = self._catalogue.header(stock).covered
        fresh = [each.size - covered.get(each.name, 0) for each in stock.segments]
        if not any(fresh) or not (anyhow or _worthwhile(fresh, stock)):
            self._forget(stock, covered)
            return False
        until = _next_round(stock, covered)
        changes = latest(
            change
            for name, end in until.items()
            for change in self._catalogue.segment(name, covered.get(name, 0), end)
        )
        lease.renew()
        with tempfile.TemporaryFile() as file:
            _write_snapshot(file, Header(until), self._catalogue.snapshot(stock), changes)
            file.seek(0)
            lease.renew()
            self._blobs.replace_snapshot(file, stock.snapshot)
        return True

    def _forget(self, stock: Stock, covered: Mapping[str, int]) -> None:
        """Delete segments that are in the snapshot and that no reader can need any more."""
        for segment in stock.segments:
            if covered.get(segment.name) == segment.size and now() - segment.modified > KEPT:
                self._blobs.delete_segment(segment)

    def reconcile(self) -> Mended | None:
        """Compare the catalogue with the sidecars, and tell the log where they differ.

        This heals what a crash between the two writes left behind, and learns what other programs
        did to sidecars. Reads the sidecars that differ, and no others. None where another process
        is at it. Raises `StoreError`.
        """
        with self._blobs.lease("reconciliation") as lease:
            if lease is None:
                return None
            try:
                return retrying(lambda: self._reconcile(lease))
            except LeaseLost:
                return None

    def _reconcile(self, lease: Lease) -> Mended:
        with (
            tempfile.TemporaryDirectory(prefix="captioner-") as folder,
            closing(sqlite3.connect(Path(folder) / "catalogue.sqlite")) as connection,
        ):
            connection.execute("PRAGMA synchronous = OFF")
            mirror = Mirror(connection)
            mirror.prepare()
            # The catalogue first: what is written from here on is in the listing, or told later.
            for _ in mirror.apply(self._catalogue.read().changes):
                pass
            sidecars = self._list(connection, lease)
            return self._tell(connection, mirror, sidecars, lease)

    def _list(self, connection: sqlite3.Connection, lease: Lease) -> int:
        connection.execute("CREATE TABLE sidecar (name TEXT PRIMARY KEY, etag TEXT) WITHOUT ROWID")
        count = 0
        for page in batched(self._blobs.list_sidecars(), 5_000, strict=False):
            connection.executemany("INSERT OR REPLACE INTO sidecar VALUES (?, ?)", page)
            count += len(page)
            lease.renew()
        return count

    def _tell(
        self, connection: sqlite3.Connection, mirror: Mirror, sidecars: int, lease: Lease
    ) -> Mended:
        told = unreadable = 0
        differing = _differing(connection, mirror)
        with ThreadPoolExecutor(_READ_AT_ONCE) as pool:
            for batch in batched(differing, _TOLD_AT_ONCE, strict=False):
                lease.renew()
                answers = list(pool.map(self._truth, batch))
                changes = [each for each in answers if isinstance(each, Change)]
                self._blobs.append(changes)
                told += len(changes)
                unreadable += sum(each is RecordUnreadable for each in answers)
        return Mended(sidecars, told, unreadable)

    def _truth(
        self, differing: tuple[str | None, Change | None]
    ) -> Change | type[RecordUnreadable] | None:
        """Give what should be told of a sidecar, as it is now."""
        sidecar, known = differing
        try:
            change = self._store.read_change(sidecar) if sidecar else None
        except RecordUnreadable as fault:
            _log.warning("%s", fault.message)
            return RecordUnreadable
        if change is not None:
            # Whatever the times say, it is what comes after what the catalogue took for the last.
            return msgspec.structs.replace(change, replaces=known.etag if known else None)
        if known is None or known.entry is None:
            return None
        return Change(name=known.name, etag=known.etag, modified=known.modified)


def _worthwhile(fresh: Sequence[int], stock: Stock) -> bool:
    # The snapshot is compressed, to about a sixth: a log of its size tells little in comparison.
    long = sum(fresh) > max(_WORTHWHILE, stock.snapshot_size)
    return long or sum(size > 0 for size in fresh) > _MANY_SEGMENTS


def _next_round(stock: Stock, covered: Mapping[str, int]) -> dict[str, int]:
    """Give how far to fold each segment now; whole segments, as blocks are not told apart."""
    until: dict[str, int] = {}
    left = _ROUND
    for segment in stock.segments:
        done = covered.get(segment.name, 0)
        until[segment.name] = segment.size if left > 0 else done
        left -= until[segment.name] - done
    return until


def _write_snapshot(
    file: IO[bytes], header: Header, known: Iterator[Change], changes: Mapping[str, Change]
) -> None:
    """Merge two sorted lots of changes.

    What is gone is left out if the snapshot before this one told of it already: by now no word
    of it from before can be under way.
    """
    by_name = attrgetter("name")
    fresh = (changes[name] for name in sorted(changes))
    with gzip.open(file, "wb", _COMPRESSION) as lines:
        lines.write(msgspec.json.encode(header) + b"\n")
        last: Change | None = None
        for change in heapq.merge((each for each in known if each.entry), fresh, key=by_name):
            if last is not None and last.name != change.name:
                lines.write(to_line(last) + b"\n")
                last = None
            if last is None or change.supersedes(last):
                last = change
        if last is not None:
            lines.write(to_line(last) + b"\n")


def _differing(
    connection: sqlite3.Connection, mirror: Mirror
) -> Iterator[tuple[str | None, Change | None]]:
    """Give the names of sidecars that the catalogue has wrong, and what it has."""
    for change in mirror.changes():
        try:
            sidecar = sidecar_name(change.name)
        except InvalidRequest:  # no image of ours has put that there
            yield None, change
            continue
        row = connection.execute("SELECT etag FROM sidecar WHERE name = ?", (sidecar,)).fetchone()
        connection.execute("DELETE FROM sidecar WHERE name = ?", (sidecar,))
        known = change.etag if change.entry else None
        if (row[0] if row else None) != known:
            yield sidecar, change
    for (sidecar,) in connection.execute("SELECT name FROM sidecar"):
        yield sidecar, None
