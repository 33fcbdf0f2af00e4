"""What a search gives, whichever engine does it."""

from typing import Annotated, Literal, Protocol

from msgspec import UNSET, Meta, Struct, UnsetType

from captioner.entries import Entry, Facet
from captioner.records import Count, Moment
from captioner.search.query import Query

MOST_RESULTS = 100
"""Images in one answer."""
LAST_RESULT = 100_000
"""How far into what was found one may look; Azure AI Search goes no further."""

type Field = Literal["alt_text", "caption", "tag", "name"]


class Segment(Struct, frozen=True):
    """A part of a text: one that matches the query, or what stands between."""

    text: str
    match: bool


class Match(Struct, frozen=True, kw_only=True):
    """A text of an image in which the query was found, in segments that make it up.

    `source` is the captioner's, where the text is a caption.
    """

    field: Field
    source: str | UnsetType = UNSET
    segments: tuple[Segment, ...]


class Hit(Struct, frozen=True):
    """An image that was found; scores compare within one answer only."""

    image: Entry
    score: float
    matches: tuple[Match, ...]


class Facets(Struct, frozen=True):
    """What the images found have in common, each counted without its own filter."""

    source: tuple[Facet, ...]
    status: tuple[Facet, ...]


class Correction(Struct, frozen=True):
    """A word of the query that is nowhere in the collection, and what was looked for instead."""

    word: str
    instead: str


class SearchAnswer(Struct, frozen=True, kw_only=True):
    """A page of what was found, the best first.

    `total` counts all that was found. `as_of` tells when the index last followed the records.
    """

    total: Count
    offset: Count
    limit: Annotated[int, Meta(ge=1)]
    as_of: Moment
    corrections: tuple[Correction, ...]
    results: tuple[Hit, ...]
    facets: Facets


class Search(Protocol):
    """Finds images; safe to share between threads."""

    def search(
        self,
        query: Query,
        *,
        limit: int,
        offset: int = 0,
        source: str | None = None,
        status: str | None = None,
    ) -> SearchAnswer:
        """Give the images that the query finds, from the best at `offset` on.

        `source` keeps to images that this captioner has a caption of, `status` to those whose alt
        text has it. Raises `SearchError` or `StoreError`.
        """
        ...

    def follow(self) -> None:
        """Bring the index up to date with the catalogue, as searching does by itself."""
        ...
