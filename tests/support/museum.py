"""A catalogue in storage, and lists from it that always look."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from captioner.catalogue import Catalogue
from captioner.collection import Collection, Filters, ImagePage, Sort
from captioner.entries import Change
from captioner.records import CaptionRecord
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs
from tests.support.azurite import Azurite
from tests.support.records import change_of, gone


class Museum:
    """A collection and what is told of its images."""

    def __init__(self, azurite: Azurite, container: str, folder: Path) -> None:
        self.connection = StorageConnection(connection_string=azurite.connection_string)
        self.settings = Settings(captions_container=container, search_dir=folder)
        self.blobs = CatalogueBlobs.connect(self.connection, self.settings)
        self.catalogue = Catalogue(self.blobs)
        self.collection = self.another(folder)
        self._version = 0

    def another(self, folder: Path, max_age: timedelta = timedelta(0)) -> Collection:
        return Collection(self.catalogue, folder, max_age=max_age)

    def tell(self, *records: CaptionRecord) -> None:
        """Have the log say that these were written."""
        self._version += 1
        self.append([change_of(record, self._version) for record in records])

    def delete(self, name: str) -> None:
        self._version += 1
        self.append([gone(name, self._version)])

    def append(self, changes: Sequence[Change]) -> None:
        self.blobs.append(list(changes))

    def page(
        self, sort: Sort = "name", limit: int = 200, offset: int = 0, **filters: str
    ) -> ImagePage:
        return self.collection.images(
            Filters(**filters),  # type: ignore[arg-type] - texts that a test knows to be right
            sort=sort,
            limit=limit,
            offset=offset,
        )

    def names(
        self, sort: Sort = "name", limit: int = 200, offset: int = 0, **filters: str
    ) -> list[str]:
        page = self.page(sort, limit, offset, **filters)
        return [each.name for each in page.images]
