"""Lists and figures, from tables on local disk that follow the catalogue."""

import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from captioner.catalogue import Catalogue, LocalCatalogue
from captioner.collection.answers import ImagePage, Quality, Sort
from captioner.collection.filters import Filters
from captioner.collection.kinds import Kind, counted
from captioner.collection.tables import CollectionTables
from captioner.errors import CollectionUnavailable

MAX_AGE = timedelta(seconds=2)
"""How far lists may be behind the change log."""


class Collection:
    """The images there are; safe to share between threads."""

    def __init__(self, catalogue: Catalogue, folder: Path, *, max_age: timedelta = MAX_AGE) -> None:
        self._local = LocalCatalogue(
            catalogue, folder, CollectionTables, max_age=max_age, unavailable=CollectionUnavailable
        )

    @property
    def path(self) -> Path:
        """Give the file of the tables."""
        return self._local.path

    def images(
        self, filters: Filters, *, sort: Sort = "newest", limit: int, offset: int = 0
    ) -> ImagePage:
        """Give the images that fit, from `offset` on in this order, and count them.

        Raises `StoreError` or `CollectionUnavailable`.
        """

        def page(tables: CollectionTables) -> ImagePage:
            kinds = tables.kinds(filters.prefix)
            fitting = _fitting(kinds, filters)
            total = sum(kinds[number][1] for number in fitting)
            numbers = tables.page(fitting, filters.prefix, sort, limit, offset)
            if len(numbers) != max(0, min(limit, total - offset)):
                raise sqlite3.DatabaseError("rows of listed are missing")
            images = tuple(tables.mirror.entries(numbers))
            return ImagePage(total, offset, limit, images, counted(kinds.values()))

        return self._local.use(page)

    def names(
        self, filters: Filters, *, after: str | None, limit: int
    ) -> tuple[list[str], str | None]:
        """Give at most `limit` names of images that fit, in order, of those after `after`.

        The second is the last of them where there are more, else None. What was written before
        the call is in it. Raises `StoreError` or `CollectionUnavailable`.
        """

        def names(tables: CollectionTables) -> list[str]:
            fitting = _fitting(tables.kinds(filters.prefix), filters)
            return tables.names(fitting, filters.prefix, after, limit + 1)

        found = self._local.use(names, max_age=timedelta(0))
        return found[:limit], found[limit - 1] if len(found) > limit else None

    def quality(self) -> Quality:
        """Give how captions fared with people.

        Raises `StoreError` or `CollectionUnavailable`.
        """

        def figures(tables: CollectionTables) -> Quality:
            human = [
                (kind, images)
                for kind, images in tables.kinds(None).values()
                if kind.status in {"approved", "edited"}
            ]
            fresh = [(kind, images) for kind, images in human if not kind.stale]
            return Quality(
                reviewed=sum(images for kind, images in fresh if not kind.brought),
                brought=sum(images for kind, images in fresh if kind.brought),
                stale=sum(images for kind, images in human if kind.stale),
                captioners=tables.figures.captioners(),
            )

        return self._local.use(figures)

    def follow(self) -> None:
        """Bring the tables up to date with the catalogue, however fresh they are."""
        self._local.use(lambda _: None, max_age=timedelta(0))


def _fitting(kinds: Mapping[int, tuple[Kind, int]], filters: Filters) -> list[int]:
    return [number for number, (kind, _) in kinds.items() if kind.fits(filters)]
