"""The catalogue on local disk, in tables for one use of it: a SQLite file that follows it.

The file is a mere cache. It is shared by the processes of a machine, brought up to date when
somebody asks and the last look is some seconds old, and built anew where it is damaged, of another
format, or too old to be brought up to date.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Lock
from time import monotonic, sleep
from typing import ClassVar, Protocol

import msgspec

from captioner.catalogue.catalogue import Catalogue, Position, retrying
from captioner.catalogue.mirror import Mirror
from captioner.entries import Change
from captioner.errors import CaptionerError
from captioner.records import now

_BUSY_S = 200.0  # another process may be building the file for all of us
_BUSY_AGAIN_S = 0.01
_CACHE_KIB = 16 * 1024

_log = logging.getLogger(__name__)


class Tables(Protocol):
    """Tables made of the catalogue, over one connection; the caller commits.

    `name` tells their file from those for other uses. `format` is to be raised with every change
    of the tables, of what they hold and of `Entry`.
    """

    name: ClassVar[str]
    format: ClassVar[int]
    mirror: Mirror

    def __init__(self, connection: sqlite3.Connection) -> None: ...

    def prepare(self) -> None:
        """Make the tables where they are missing."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes in."""
        ...


class LocalCatalogue[T: Tables]:
    """A file of tables that follows the catalogue; safe to share between threads.

    `unavailable` is the error that tells that the file cannot be used.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        tables: type[T],
        *,
        max_age: timedelta,
        unavailable: type[CaptionerError],
    ) -> None:
        self._catalogue = catalogue
        self._tables = tables
        self._max_age = max_age
        self._unavailable = unavailable
        self._name = f"{tables.name}-{sha256(catalogue.url.encode()).hexdigest()[:16]}"
        self.path = folder / f"{self._name}-{tables.format}.sqlite"
        self._lock = Lock()

    def use[Result](
        self, use: Callable[[T], Result], *, max_age: timedelta | None = None
    ) -> Result:
        """Read the tables once they are fresh enough, in one state of them.

        A damaged file is thrown away once. Raises `StoreError` where the catalogue cannot be
        followed, and `unavailable`.
        """
        age = self._max_age if max_age is None else max_age
        try:
            try:
                return self._use(use, age)
            except (sqlite3.DatabaseError, msgspec.DecodeError) as fault:
                if not _is_damage(fault):
                    raise
                _log.warning("The %s index is damaged (%s) and built anew", self._what, fault)
                self._discard()
                return self._use(use, age)
        except (sqlite3.Error, OSError) as fault:
            raise self._unavailable(
                f"The {self._what} index cannot be used ({fault}); see that SEARCH_DIR is a folder "
                "that may be written, with room."
            ) from fault

    @property
    def _what(self) -> str:
        return self._tables.name

    def _use[Result](self, use: Callable[[T], Result], age: timedelta) -> Result:
        with self._opened() as (connection, tables):
            if not _is_fresh(tables.mirror.position, age):
                with self._lock:
                    retrying(lambda: self._catch_up(connection, tables, age))
            connection.execute("BEGIN")  # one state of the tables, whatever others write
            return use(tables)

    def _catch_up(self, connection: sqlite3.Connection, tables: T, age: timedelta) -> None:
        connection.execute("BEGIN IMMEDIATE")
        with connection:  # all of it, or nothing
            tables.prepare()
            self._forget_other_formats()
            position = tables.mirror.position
            if _is_fresh(position, age):
                return  # another was faster
            reading = self._catalogue.read(position)
            if reading.anew:
                tables.clear()
            tables.apply(reading.changes)
            tables.mirror.position = reading.position

    def _forget_other_formats(self) -> None:
        for path in self.path.parent.glob(f"{self._name}-*"):
            if not path.name.startswith(self.path.name):
                path.unlink(missing_ok=True)

    def _discard(self) -> None:
        with self._lock:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _opened(self) -> Iterator[tuple[sqlite3.Connection, T]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(
            sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        ) as connection:
            _write_ahead(connection)
            connection.execute("PRAGMA synchronous = OFF")  # it can be built anew
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            yield connection, self._tables(connection)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Let readers and a writer at the file at once.

    SQLite waits for others in all it does but this (https://sqlite.org/wal.html): of several who
    find the file new, all but one are refused at first.
    """
    deadline = monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as fault:
            if fault.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or monotonic() > deadline:
                raise
            sleep(_BUSY_AGAIN_S)
        else:
            return


def _is_fresh(position: Position | None, age: timedelta) -> bool:
    # A look in the future is one by a clock that was wrong.
    return position is not None and abs(now() - position.looked) < age


def _is_damage(fault: sqlite3.DatabaseError | msgspec.DecodeError) -> bool:
    # Faults of how the file may be used are a class of their own; what is left is its content.
    return not isinstance(fault, sqlite3.OperationalError) or "no such" in str(fault)
