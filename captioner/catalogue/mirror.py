"""The catalogue on local disk: a table in a SQLite file that follows the one in storage."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

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

    def clear(self) -> None:
        """Forget everything."""
        self._connection.execute("DELETE FROM image")
        self._connection.execute("DELETE FROM reached")

    @property
    def position(self) -> Position | None:
        """Give how far the catalogue has been read; None before it was."""
        made = "SELECT 1 FROM sqlite_master WHERE name = 'reached'"
        if self._connection.execute(made).fetchone() is None:
            return None
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

    def entries(self, numbers: Sequence[int]) -> list[Entry]:
        """Give the entries of the images with these numbers, in their order.

        Raises `sqlite3.DatabaseError` where one is missing, as `column_of` does.
        """
        changes = map(read_change, column_of(self._connection, "change", "image", numbers))
        return [change.entry for change in changes if change.entry]


def column_of(
    connection: sqlite3.Connection, column: str, table: str, numbers: Sequence[int]
) -> list[Any]:
    """Give what a table has of each of these images, in their order.

    Raises `sqlite3.DatabaseError` where one is missing.
    """
    rows = connection.execute(
        f"SELECT {column} FROM json_each(?) JOIN {table} ON {table}.id = value ORDER BY key",  # noqa: S608
        (json.dumps(numbers),),
    ).fetchall()
    if len(rows) != len(numbers):
        raise sqlite3.DatabaseError(f"rows of {table} are missing")
    return [value for (value,) in rows]
