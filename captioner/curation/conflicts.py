"""Who changes a record has to have seen it as it is."""

from collections.abc import Callable

from msgspec import Struct

from captioner.errors import EditConflict
from captioner.records import AltText

type Expected = Callable[[str], bool]
"""Tells by its ETag whether a version of a record may be changed; of "" where there is none."""


def anything(_: str) -> bool:
    """Expect whatever there is."""
    return True


class Current(Struct, frozen=True):
    """How a record stands, for whoever has seen an earlier version of it."""

    etag: str
    alt_text: AltText | None


class Outdated(EditConflict):
    """An edit of a version that is not the last; `current` is None where there is no record."""

    def __init__(self, current: Current | None) -> None:
        super().__init__(
            "The record was changed since it was read; look at it as it is now, then send your "
            "change again with its new ETag."
        )
        self.current = current
