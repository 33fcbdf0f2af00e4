"""Which images of the collection are exported, and who lists them."""

from collections.abc import Sequence
from typing import Protocol

from captioner.collection import Filters, Kind
from captioner.entries import Entry


def fits(entry: Entry, filters: Filters) -> bool:
    """Tell whether an image is as the filters have it."""
    return Kind.of(entry).fits(filters) and entry.name.startswith(filters.prefix or "")


class Listing(Protocol):
    """Lists the names of images in one order that does not change."""

    def names(
        self, filters: Filters, *, after: str | None, limit: int
    ) -> tuple[Sequence[str], str | None]:
        """Give at most `limit` names of images that are so, of those after the image `after`.

        The second is the last of them where there are more, else None.
        """
        ...
