"""The full-text index on local disk: one SQLite file with the mirror of the catalogue in it.

`words` is an FTS5 table of stems without a copy of the texts: what a row holds follows from the
entry, and is told again when the row is deleted. `term` counts the images that each word is said
of, for spelling and for how much a word tells; file names have no part in that.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from captioner.catalogue import Mirror
from captioner.entries import Change, Entry, read_change
from captioner.search.query import Query, Term
from captioner.search.words import words_of

FORMAT = 1  # to be raised with every change of the tables, of `words_of` and of `texts_of`

# Of a word in the alt text, in captions, in tags, in the file name; chosen on Flickr8k's dev split.
WEIGHTS = (1.0, 1.0, 0.6, 0.3)

_BREAK = "\u02ad"  # a letter nobody writes; keeps phrases from reaching from one text to the next
_MOST_CONTINUATIONS = 50  # words that one prefix stands for, beside its own beginning
_TABLES = """
    CREATE VIRTUAL TABLE IF NOT EXISTS words
        USING fts5(alt_text, captions, tags, name, content='', tokenize='unicode61');
    CREATE TABLE IF NOT EXISTS shelf (id INTEGER PRIMARY KEY, status TEXT, sources TEXT);
    CREATE TABLE IF NOT EXISTS term (
        word TEXT PRIMARY KEY, stem TEXT NOT NULL, images INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS term_by_stem ON term (stem, images);
"""


@dataclass(frozen=True, slots=True)
class Group:
    """How many images found share a status and the captioners they have captions of."""

    status: str
    sources: tuple[str, ...]
    count: int


class Index:
    """The tables, over one connection; the caller commits."""

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
        for table in ("image", "reached", "shelf", "term"):
            self._connection.execute(f"DELETE FROM {table}")  # noqa: S608
        self._connection.execute("INSERT INTO words(words) VALUES ('delete-all')")

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes in."""
        counts: Counter[tuple[str, str]] = Counter()
        for number, old, new in self.mirror.apply(changes):
            if old is not None:
                self._connection.execute(
                    "INSERT INTO words (words, rowid, alt_text, captions, tags, name) "
                    "VALUES ('delete', ?, ?, ?, ?, ?)",
                    (number, *_columns(old)),
                )
                self._connection.execute("DELETE FROM shelf WHERE id = ?", (number,))
                counts.subtract(_terms(old))
            if new is not None:
                self._connection.execute(
                    "INSERT INTO words (rowid, alt_text, captions, tags, name) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (number, *_columns(new)),
                )
                self._connection.execute(
                    "INSERT INTO shelf VALUES (?, ?, ?)",
                    (number, new.status, "\n".join(new.sources)),
                )
                counts.update(_terms(new))
        self._connection.executemany(
            "INSERT INTO term VALUES (?, ?, ?) "
            "ON CONFLICT (word) DO UPDATE SET images = images + excluded.images",
            ((*term, count) for term, count in counts.items() if count),
        )
        self._connection.execute("DELETE FROM term WHERE images <= 0")

    def find(self, query: Query, further: Sequence[str] = ()) -> None:
        """Keep in `hit` what the query finds, and unscored what has one of these stems instead."""
        self._connection.execute(
            "CREATE TEMP TABLE IF NOT EXISTS hit (id INTEGER PRIMARY KEY, score REAL)"
        )
        if not further:
            self._connection.execute("DELETE FROM temp.hit")
            self._connection.execute(
                "INSERT INTO temp.hit SELECT rowid, -bm25(words, ?, ?, ?, ?) FROM words "
                "WHERE words MATCH ?",
                (*WEIGHTS, self._expression(query)),
            )
        else:
            self._connection.execute(
                "INSERT OR IGNORE INTO temp.hit SELECT rowid, 0 FROM words WHERE words MATCH ?",
                (" OR ".join(f'"{stem}"' for stem in further),),
            )

    def groups(self) -> list[Group]:
        """Count what was found, by what filters tell apart."""
        rows = self._connection.execute(
            "SELECT status, sources, count(*) FROM temp.hit JOIN shelf USING (id) GROUP BY 1, 2"
        )
        return [Group(status, tuple(sources.split("\n")), count) for status, sources, count in rows]

    def best(
        self, count: int, offset: int, source: str | None, status: str | None
    ) -> list[tuple[float, Entry]]:
        """Give what was found, the best first, as far as the filters let it through."""
        rows = self._connection.execute(
            "SELECT score, change FROM temp.hit JOIN shelf USING (id) JOIN image USING (id) "
            "WHERE (?1 IS NULL OR status = ?1) "
            "AND (?2 IS NULL OR instr(char(10) || sources || char(10), char(10) || ?2 || char(10)))"
            "ORDER BY score DESC, id LIMIT ?3 OFFSET ?4",
            (status, source, count, offset),
        )
        found = ((score, read_change(line).entry) for score, line in rows)
        return [(score, entry) for score, entry in found if entry is not None]

    @property
    def images(self) -> int:
        """Give how many images there are."""
        return int(self._connection.execute("SELECT count(*) FROM shelf").fetchone()[0])

    def images_with(self, stem: str) -> int:
        """Give how many images a stem is said of, about: each of its forms counts."""
        row = self._connection.execute("SELECT sum(images) FROM term WHERE stem = ?", (stem,))
        return int(row.fetchone()[0] or 0)

    def knows(self, term: Term) -> bool:
        """Tell whether anything has this term, be it in its file name."""
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
