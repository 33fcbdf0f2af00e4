"""The catalogue on local disk: a table in a SQLite file that follows the one in storage."""

import sqlite3
from collections.abc import Iterable, Iterator

import msgspec

from captioner.catalogue.catalogue import Position
from captioner.entries import Change, Entry, read_change, to_line

_TABLES = """
    CREATE TABLE IF NOT EXISTS image (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        change BLOB NOT NULL
    );
    CREATE TABLE IF NOT EXISTS reached (position BLOB NOT NULL);
"""


class Mirror:
    """The images of the catalogue by number, over one connection; the caller commits.

    An image that is gone keeps its row and number, so that no late word of it brings it back.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def prepare(self) -> None:
        """Make the tables where they are missing."""
        for statement in _TABLES.split(";"):
            self._connection.execute(statement)

    @property
    def position(self) -> Position | None:
        """Give how far the catalogue has been read; None before it was."""
        row = self._connection.execute("SELECT position FROM reached").fetchone()
        return msgspec.json.decode(row[0], type=Position) if row else None

    @position.setter
    def position(self, position: Position) -> None:
        self._connection.execute("DELETE FROM reached")
        self._connection.execute("INSERT INTO reached VALUES (?)", (msgspec.json.encode(position),))

    def apply(self, changes: Iterable[Change]) -> Iterator[tuple[int, Entry | None, Entry | None]]:
        """Take changes in; give the number of each image they alter, its entry before and after."""
        for change in changes:
            row = self._connection.execute(
                "SELECT id, change FROM image WHERE name = ?", (change.name,)
            ).fetchone()
            if row is None:
                number = self._connection.execute(
                    "INSERT INTO image (name, change) VALUES (?, ?)",
                    (change.name, to_line(change)),
                ).lastrowid
                yield number or 0, None, change.entry
                continue
            known = read_change(row[1])
            if change.supersedes(known):
                self._connection.execute(
                    "UPDATE image SET change = ? WHERE id = ?", (to_line(change), row[0])
                )
                yield row[0], known.entry, change.entry

    def changes(self) -> Iterator[Change]:
        """Give the last word on every image, those that are gone included."""
        for (line,) in self._connection.execute("SELECT change FROM image"):
            yield read_change(line)
