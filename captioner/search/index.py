"""The full-text index on local disk: one SQLite file with the mirror of the catalogue in it.

`words` is an FTS5 table of stems without a copy of the texts: what a row holds follows from the
entry, and is told again when the row is deleted. What a query may have to know of very many images
lies in narrow tables beside it: the `sort` of each by which filters and facets tell it apart, and
what it `says`, by which the best are put in order. `term` counts the images that each word is said
of, for spelling and for how much a word tells; file names have no part in that.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from captioner.catalogue import Mirror, column_of
from captioner.entries import Change, Entry
from captioner.lexicon import FUNCTION_WORDS
from captioner.search.query import Query, Term
from captioner.search.words import words_of

FORMAT = 3  # to be raised with every change of the tables, of `words_of`, `texts_of` and `Entry`

# Of a word in the alt text, in captions, in tags, in the file name. A judgement: Flickr8k has no
# tags, its file names say nothing, and there the alt text is the caption.
WEIGHTS = (1.0, 1.0, 0.6, 0.3)

_BREAK = "\u02ad"  # a letter nobody writes; keeps phrases from reaching from one text to the next
_MOST_CONTINUATIONS = 50  # words that one prefix stands for, beside its own beginning
_TABLES = """
    CREATE VIRTUAL TABLE IF NOT EXISTS words
        USING fts5(alt_text, captions, tags, name, content='', tokenize='unicode61');
    CREATE TABLE IF NOT EXISTS sort (
        id INTEGER PRIMARY KEY, status TEXT NOT NULL, sources TEXT NOT NULL,
        images INTEGER NOT NULL, UNIQUE (status, sources)
    );
    CREATE TABLE IF NOT EXISTS sorted (id INTEGER PRIMARY KEY, sort INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS said (id INTEGER PRIMARY KEY, stems TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS term (
        word TEXT PRIMARY KEY, stem TEXT NOT NULL, images INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS term_by_stem ON term (stem, images);
"""


@dataclass(frozen=True, slots=True)
class Group:
    """How many images found share a status and the captioners they have captions of."""

    sort: int
    status: str
    sources: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """An image that was found, by its number, and BM25's score of it."""

    number: int
    score: float


class Index:
    """The tables, over one connection; the caller commits."""

    name: ClassVar = "search"
    format: ClassVar = FORMAT

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.mirror = Mirror(connection)

    def prepare(self) -> None:
        """Make the tables where they are missing."""
        self.mirror.prepare()
        for statement in _TABLES.split(";"):
            self._connection.execute(statement)

    def clear(self) -> None:
        """Forget everything."""
        self.mirror.clear()
        for table in ("sort", "sorted", "said", "term"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608
        self._connection.execute("INSERT INTO words(words) VALUES ('delete-all')")

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes in."""
        counts: Counter[tuple[str, str]] = Counter()
        for number, old, new in self.mirror.apply(changes):
            if old is not None:
                self._remove(number, old)
                counts.subtract(_terms(old))
            if new is not None:
                self._add(number, new)
                counts.update(_terms(new))
        self._connection.executemany(
            "INSERT INTO term VALUES (?, ?, ?) "
            "ON CONFLICT (word) DO UPDATE SET images = images + excluded.images",
            ((*term, count) for term, count in counts.items() if count),
        )
        self._connection.execute("DELETE FROM term WHERE images <= 0")

    def _add(self, number: int, entry: Entry) -> None:
        self._connection.execute(
            "INSERT INTO words (rowid, alt_text, captions, tags, name) VALUES (?, ?, ?, ?, ?)",
            (number, *_columns(entry)),
        )
        (sort,) = self._connection.execute(
            "INSERT INTO sort (status, sources, images) VALUES (?, ?, 1) "
            "ON CONFLICT DO UPDATE SET images = images + 1 RETURNING id",
            (entry.status, json.dumps(entry.sources)),
        ).fetchone()
        self._connection.execute("INSERT INTO sorted VALUES (?, ?)", (number, sort))
        self._connection.execute("INSERT INTO said VALUES (?, ?)", (number, " ".join(_said(entry))))

    def _remove(self, number: int, entry: Entry) -> None:
        self._connection.execute(
            "INSERT INTO words (words, rowid, alt_text, captions, tags, name) "
            "VALUES ('delete', ?, ?, ?, ?, ?)",
            (number, *_columns(entry)),
        )
        self._connection.execute(
            "UPDATE sort SET images = images - 1 WHERE status = ? AND sources = ?",
            (entry.status, json.dumps(entry.sources)),
        )
        self._connection.execute("DELETE FROM sorted WHERE id = ?", (number,))
        self._connection.execute("DELETE FROM said WHERE id = ?", (number,))

    def find(self, query: Query, further: Sequence[str] = ()) -> None:
        """Keep in `hit` what the query finds, and unscored what has one of these stems instead."""
        self._connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS hit "
            "(id INTEGER PRIMARY KEY, score REAL NOT NULL, sort INTEGER NOT NULL)"
        )
        if not further:
            self._connection.execute("DELETE FROM temp.hit")
            self._connection.execute(
                "INSERT INTO temp.hit SELECT words.rowid, -bm25(words, ?, ?, ?, ?), sort "
                "FROM words JOIN sorted ON id = words.rowid WHERE words MATCH ?",
                (*WEIGHTS, self._expression(query)),
            )
        else:
            self._connection.execute(
                "INSERT OR IGNORE INTO temp.hit SELECT words.rowid, 0, sort "
                "FROM words JOIN sorted ON id = words.rowid WHERE words MATCH ?",
                (" OR ".join(f'"{stem}"' for stem in further),),
            )

    def groups(self) -> list[Group]:
        """Count what was found, by what filters tell apart."""
        rows = self._connection.execute(
            "SELECT id, status, sources, count FROM sort "
            "JOIN (SELECT sort, count(*) AS count FROM temp.hit GROUP BY 1) ON id = sort"
        )
        return [
            Group(sort, status, tuple(json.loads(sources)), count)
            for sort, status, sources, count in rows
        ]

    def best(self, count: int, offset: int, groups: Iterable[Group]) -> list[Found]:
        """Give what was found of these groups, the best first."""
        rows = self._connection.execute(
            "SELECT id, score FROM temp.hit WHERE sort IN (SELECT value FROM json_each(?)) "
            "ORDER BY score DESC, id LIMIT ? OFFSET ?",
            (json.dumps([each.sort for each in groups]), count, offset),
        )
        return [Found(number, score) for number, score in rows]

    def said(self, found: Iterable[Found]) -> list[list[str]]:
        """Give the stems that each of these images is described with, those that mean something."""
        numbers = [each.number for each in found]
        return [stems.split() for stems in column_of(self._connection, "stems", "said", numbers)]

    def entries(self, found: Iterable[Found]) -> list[Entry]:
        """Give the entries of these images."""
        return self.mirror.entries([each.number for each in found])

    @property
    def images(self) -> int:
        """Give how many images there are."""
        return int(self._connection.execute("SELECT total(images) FROM sort").fetchone()[0])

    def images_with(self, stem: str) -> int:
        """Give how many images a stem is said of, about: each of its forms counts."""
        row = self._connection.execute("SELECT sum(images) FROM term WHERE stem = ?", (stem,))
        return int(row.fetchone()[0] or 0)

    def knows(self, term: Term) -> bool:
        """Tell whether anything has this term, be it in its file name."""
        if self.images_with(" ".join(term.stems)):
            return True
        found = self._connection.execute(
            "SELECT 1 FROM words WHERE words MATCH ? LIMIT 1", (f'"{" ".join(term.stems)}"',)
        )
        return found.fetchone() is not None

    def vocabulary(self) -> dict[str, int]:
        """Give all words that are said of images, and of how many."""
        return dict(self._connection.execute("SELECT word, images FROM term"))

    def continuations(self, beginning: str) -> list[str]:
        """Give the stems of the commonest words that begin so."""
        rows = self._connection.execute(
            "SELECT DISTINCT stem FROM (SELECT stem, images FROM term "
            "WHERE word >= ?1 AND word < ?1 || char(1114111) ORDER BY images DESC LIMIT ?2)",
            (beginning, _MOST_CONTINUATIONS),
        )
        return [stem for (stem,) in rows]

    def _expression(self, query: Query) -> str:
        """Write a query as FTS5 reads it; of letters and digits only, each part quoted."""
        required: list[str] = []
        optional: list[str] = []
        for term in query.terms:
            text = f'"{" ".join(term.stems)}"'
            if term.prefix:
                stems = self.continuations(term.stems[0])
                optional += [f"{text} *", *(f'"{stem}"' for stem in stems)]
            else:
                (required if term.required else optional).append(text)
        either = " OR ".join(optional)
        if not required:
            return either
        all_of = " AND ".join(required)
        return f"(({all_of}) AND ({either})) OR ({all_of})" if optional else all_of


def texts_of(entry: Entry) -> tuple[Sequence[str], ...]:
    """Give the texts of an image by column: alt text, captions, tags, file name."""
    return (
        (entry.alt_text.text,) if entry.alt_text else (),
        tuple(caption.text for caption in entry.captions),
        entry.tags,
        (entry.name,),
    )


def _columns(entry: Entry) -> tuple[str, ...]:
    return tuple(
        f" {_BREAK} ".join(" ".join(word.stem for word in words_of(text)) for text in texts)
        for texts in texts_of(entry)
    )


def _terms(entry: Entry) -> set[tuple[str, str]]:
    *said, _ = texts_of(entry)
    return {(word.plain, word.stem) for texts in said for text in texts for word in words_of(text)}


def _said(entry: Entry) -> list[str]:
    """Give the stems of the words that mean something, each once and in order."""
    *said, _ = texts_of(entry)
    words = (word for texts in said for text in texts for word in words_of(text))
    return list(dict.fromkeys(word.stem for word in words if word.plain not in FUNCTION_WORDS))
