"""The collection on local disk: one SQLite file with the mirror of the catalogue in it.

`listed` has a narrow row for each image, and an index for each order that is asked for, in which
its page is found without reading entries. Which filters an image fits follows from its `kind`, of
which there are few; counts are theirs. `figure` sums up what people decided, see `figures`.
"""

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

import msgspec
from msgspec import UNSET

from captioner.catalogue import Mirror
from captioner.collection.answers import Sort
from captioner.collection.figures import Figures, Tally
from captioner.collection.kinds import Kind, review_place
from captioner.entries import Change, Entry

_TABLES = """
    CREATE TABLE IF NOT EXISTS kind (
        id INTEGER PRIMARY KEY, kind BLOB NOT NULL UNIQUE, images INTEGER NOT NULL
    );
    CREATE TABLE IF NOT EXISTS listed (
        id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, name TEXT NOT NULL,
        created INTEGER NOT NULL, updated INTEGER NOT NULL,
        urgency INTEGER NOT NULL, sureness REAL NOT NULL
    );
    CREATE INDEX IF NOT EXISTS by_name ON listed (name, kind);
    CREATE INDEX IF NOT EXISTS by_created ON listed (created DESC, name, kind);
    CREATE INDEX IF NOT EXISTS by_updated ON listed (updated DESC, name, kind);
    CREATE INDEX IF NOT EXISTS by_review ON listed (urgency, sureness, name, kind);
"""
_ORDERS: dict[Sort, tuple[str, str]] = {
    "newest": ("by_created", "created DESC, name"),
    "updated": ("by_updated", "updated DESC, name"),
    "name": ("by_name", "name"),
    "review": ("by_review", "urgency, sureness, name"),
}
_UNDER = "name >= ?1 AND name < ?1 || char(1114111)"
_KINDS_UNDER = f"""
    SELECT id, kind, count FROM kind JOIN (
        SELECT kind AS number, count(*) AS count FROM listed WHERE {_UNDER} GROUP BY 1
    ) ON id = number
"""  # noqa: S608


class CollectionTables:
    """The tables, over one connection; the caller commits."""

    name: ClassVar = "collection"
    format: ClassVar = 1  # to be raised with every change of the tables, of `Kind` and of `Entry`

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.mirror = Mirror(connection)
        self.figures = Figures(connection)

    def prepare(self) -> None:
        """Make the tables where they are missing."""
        self.mirror.prepare()
        self.figures.prepare()
        for statement in _TABLES.split(";"):
            self._connection.execute(statement)

    def clear(self) -> None:
        """Forget everything."""
        self.mirror.clear()
        self.figures.clear()
        for table in ("kind", "listed"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes in."""
        tally = Tally()
        for number, old, new in self.mirror.apply(changes):
            if old is not None:
                self._remove(number)
                tally.take(old, -1)
            if new is not None:
                self._add(number, new)
                tally.take(new, 1)
        self.figures.add(tally)

    def _add(self, number: int, entry: Entry) -> None:
        (kind,) = self._connection.execute(
            "INSERT INTO kind (kind, images) VALUES (?, 1) "
            "ON CONFLICT DO UPDATE SET images = images + 1 RETURNING id",
            (msgspec.json.encode(Kind.of(entry)),),
        ).fetchone()
        created = entry.updated if entry.created is UNSET else entry.created
        self._connection.execute(
            "INSERT INTO listed VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, kind, entry.name, _ms(created), _ms(entry.updated), *review_place(entry)),
        )

    def _remove(self, number: int) -> None:
        self._connection.execute(
            "UPDATE kind SET images = images - 1 WHERE id = (SELECT kind FROM listed WHERE id = ?)",
            (number,),
        )
        self._connection.execute("DELETE FROM listed WHERE id = ?", (number,))

    def kinds(self, prefix: str | None) -> dict[int, tuple[Kind, int]]:
        """Give the kinds of images whose names begin so, and how many images are of each."""
        rows = (
            self._connection.execute(_KINDS_UNDER, (prefix,))
            if prefix
            else self._connection.execute("SELECT id, kind, images FROM kind WHERE images")
        )
        return {number: (_decoder.decode(kind), images) for number, kind, images in rows}

    def page(
        self, kinds: Iterable[int], prefix: str | None, sort: Sort, limit: int, offset: int
    ) -> list[int]:
        """Give the numbers of images of these kinds whose names begin so, in their order."""
        index, order = _ORDERS[sort]
        # The order's own index has all that is asked for: it is read as far as the page's end.
        rows = self._connection.execute(
            f"SELECT id FROM listed INDEXED BY {index} WHERE {_UNDER if prefix else 'TRUE'} "  # noqa: S608
            "AND kind IN (SELECT value FROM json_each(?2)) "
            f"ORDER BY {order} LIMIT ?3 OFFSET ?4",
            (prefix, json.dumps(list(kinds)), limit, offset),
        )
        return [number for (number,) in rows]

    def names(
        self, kinds: Iterable[int], prefix: str | None, after: str | None, limit: int
    ) -> list[str]:
        """Give the names of images of these kinds that begin so, in order, those after `after`."""
        rows = self._connection.execute(
            f"SELECT name FROM listed INDEXED BY by_name WHERE {_UNDER if prefix else 'TRUE'} "  # noqa: S608
            "AND name > ?2 AND kind IN (SELECT value FROM json_each(?3)) ORDER BY name LIMIT ?4",
            (prefix, after or "", json.dumps(list(kinds)), limit),
        )
        return [name for (name,) in rows]


_decoder = msgspec.json.Decoder(Kind)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
