"""Search without any service: SQLite FTS5 on local disk, which follows the catalogue.

The file is a mere cache. It is shared by the processes of a machine, brought up to date when
somebody asks and the last look is some seconds old, and built anew where it is damaged, of another
format, or too old to be brought up to date.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from threading import Lock

import msgspec

from captioner.catalogue import Catalogue, Position
from captioner.catalogue.catalogue import retrying
from captioner.errors import SearchUnavailable
from captioner.records import now
from captioner.search.answers import Facet, Facets, Hit, SearchAnswer
from captioner.search.highlighting import matches_of
from captioner.search.index import FORMAT, Group, Index
from captioner.search.query import Query
from captioner.search.ranking import DEPTH, RANKING, Ranking, related_stems, reranked
from captioner.search.spelling import corrected

MAX_AGE = timedelta(seconds=5)
"""How far the index may be behind the change log."""

_BUSY_S = 200.0  # another process may be building the index for all of us
_CACHE_KIB = 16 * 1024

_log = logging.getLogger(__name__)


class EmbeddedSearch:
    """Searches the catalogue; safe to share between threads."""

    def __init__(
        self,
        catalogue: Catalogue,
        folder: Path,
        *,
        max_age: timedelta = MAX_AGE,
        ranking: Ranking = RANKING,
    ) -> None:
        self._catalogue = catalogue
        self._max_age = max_age
        self._ranking = ranking
        self._name = f"search-{sha256(catalogue.url.encode()).hexdigest()[:16]}"
        self.path = folder / f"{self._name}-{FORMAT}.sqlite"
        self._lock = Lock()

    def search(
        self,
        query: Query,
        *,
        limit: int,
        offset: int = 0,
        source: str | None = None,
        status: str | None = None,
    ) -> SearchAnswer:
        """Give the images that the query finds; see `Search`."""

        def found(index: Index) -> SearchAnswer:
            position = index.mirror.position
            assert position is not None  # noqa: S101 - it has just followed
            spelt, corrections = corrected(query, index)
            index.find(spelt)
            groups = index.groups()
            if sum(each.count for each in groups) < DEPTH and (
                related := related_stems(spelt, self._ranking)
            ):
                index.find(spelt, related)
                groups = index.groups()
            fitting = [each for each in groups if _fits(each, source, status)]
            head = reranked(index.best(DEPTH, 0, fitting), spelt, index, self._ranking)
            page = head[offset : offset + limit]
            if len(page) < limit and len(head) == DEPTH:
                page += index.best(limit - len(page), max(offset, DEPTH), fitting)
            return SearchAnswer(
                total=sum(each.count for each in fitting),
                offset=offset,
                limit=limit,
                as_of=position.looked,
                corrections=corrections,
                results=tuple(
                    Hit(entry, round(each.score, 4), matches_of(entry, spelt))
                    for each, entry in zip(page, index.entries(page), strict=True)
                ),
                facets=_facets(groups, source, status),
            )

        return self._with_index(found)

    def follow(self) -> None:
        """Bring the index up to date with the catalogue, however fresh it is."""
        self._with_index(lambda _: None, max_age=timedelta(0))

    def _with_index[Result](
        self, use: Callable[[Index], Result], *, max_age: timedelta | None = None
    ) -> Result:
        """Use the index once it is fresh enough; a damaged file is thrown away once."""
        age = self._max_age if max_age is None else max_age
        try:
            try:
                return self._use(use, age)
            except (sqlite3.DatabaseError, msgspec.DecodeError) as fault:
                if not _is_damage(fault):
                    raise
                _log.warning("The search index is damaged (%s) and built anew", fault)
                self._discard()
                return self._use(use, age)
        except (sqlite3.Error, OSError) as fault:
            raise SearchUnavailable(
                f"The search index cannot be used ({fault}); see that SEARCH_DIR is a folder that "
                "may be written, with room."
            ) from fault

    def _use[Result](self, use: Callable[[Index], Result], age: timedelta) -> Result:
        with self._opened() as (connection, index):
            if not _is_fresh(_position(connection, index), age):
                with self._lock:
                    retrying(lambda: self._catch_up(connection, index, age))
            connection.execute("BEGIN")  # one state of the index, whatever others write
            return use(index)

    def _catch_up(self, connection: sqlite3.Connection, index: Index, age: timedelta) -> None:
        connection.execute("BEGIN IMMEDIATE")
        with connection:  # all of it, or nothing
            index.prepare()
            self._forget_other_formats()
            position = index.mirror.position
            if _is_fresh(position, age):
                return  # another was faster
            reading = self._catalogue.read(position)
            if reading.anew:
                index.clear()
            index.apply(reading.changes)
            index.mirror.position = reading.position

    def _forget_other_formats(self) -> None:
        for path in self.path.parent.glob(f"{self._name}-*"):
            if not path.name.startswith(self.path.name):
                path.unlink(missing_ok=True)

    def _discard(self) -> None:
        with self._lock:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    @contextmanager
    def _opened(self) -> Iterator[tuple[sqlite3.Connection, Index]]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(
            sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)
        ) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")  # it can be built anew
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            yield connection, Index(connection)


def _position(connection: sqlite3.Connection, index: Index) -> Position | None:
    made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'term'").fetchone()
    return index.mirror.position if made else None


def _is_fresh(position: Position | None, age: timedelta) -> bool:
    # A look in the future is one by a clock that was wrong.
    return position is not None and abs(now() - position.looked) < age


def _is_damage(fault: sqlite3.DatabaseError | msgspec.DecodeError) -> bool:
    # Faults of how the file may be used are a class of their own; what is left is its content.
    return not isinstance(fault, sqlite3.OperationalError) or "no such" in str(fault)


def _fits(group: Group, source: str | None, status: str | None) -> bool:
    return (source is None or source in group.sources) and status in {None, group.status}


def _facets(groups: list[Group], source: str | None, status: str | None) -> Facets:
    sources: dict[str, int] = {}
    statuses: dict[str, int] = {}
    for group in groups:
        if _fits(group, None, status):
            for each in group.sources:
                sources[each] = sources.get(each, 0) + group.count
        if _fits(group, source, None):
            statuses[group.status] = statuses.get(group.status, 0) + group.count
    return Facets(source=_sorted(sources), status=_sorted(statuses))


def _sorted(counts: dict[str, int]) -> tuple[Facet, ...]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Facet(value, count) for value, count in ordered)
