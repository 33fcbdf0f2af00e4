"""Search without any service: SQLite FTS5 on local disk, which follows the catalogue."""

from datetime import timedelta
from pathlib import Path

from captioner.catalogue import Catalogue, LocalCatalogue
from captioner.entries import Facet
from captioner.errors import SearchUnavailable
from captioner.search.answers import Facets, Hit, SearchAnswer
from captioner.search.highlighting import matches_of
from captioner.search.index import Group, Index
from captioner.search.query import Query
from captioner.search.ranking import DEPTH, RANKING, Ranking, related_stems, reranked
from captioner.search.spelling import corrected

MAX_AGE = timedelta(seconds=5)
"""How far the index may be behind the change log."""


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
        self._ranking = ranking
        self._local = LocalCatalogue(
            catalogue, folder, Index, max_age=max_age, unavailable=SearchUnavailable
        )

    @property
    def path(self) -> Path:
        """Give the file of the index."""
        return self._local.path

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

        return self._local.use(found)

    def follow(self) -> None:
        """Bring the index up to date with the catalogue, however fresh it is."""
        self._local.use(lambda _: None, max_age=timedelta(0))


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
