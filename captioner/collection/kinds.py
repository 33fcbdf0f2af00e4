"""What filters and counts tell images apart by, and in which order they are reviewed."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final, Self

from msgspec import UNSET, Struct

from captioner.collection.answers import CollectionCounts
from captioner.collection.filters import ANY, Filters
from captioner.entries import Entry, Facet

# Of the origins of descriptions, those that are alt text from the first.
_BROUGHT: Final = frozenset({"blob-metadata", "xmp-alt-text"})
_UNKNOWN_DOUBT = 0.5

_STALE, _DOUBTED, _PENDING, _REVIEWED, _UNREAD = range(5)


class Kind(Struct, frozen=True):
    """What images have in common that no filter or count tells apart."""

    status: str
    stale: bool
    brought: bool
    sources: tuple[str, ...]
    problems: tuple[str, ...]

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Give the kind of an image."""
        alt_text = entry.alt_text
        return cls(
            entry.status,
            stale=alt_text is not None and alt_text.stale,
            # What people have since decided on has reviews.
            brought=alt_text is not None and alt_text.source in _BROUGHT and not entry.reviews,
            sources=entry.sources,
            problems=entry.problems,
        )

    @property
    def pending(self) -> bool:
        """Tell whether no person stands behind the alt text, or it is of another image."""
        return self.stale or self.status in {"machine", "none"}

    def fits(self, filters: Filters) -> bool:
        """Tell whether images of this kind are asked for, wherever they lie."""
        return (
            filters.status in {None, self.status}
            and (
                filters.review is None
                or (self.stale if filters.review == "stale" else self.pending)
            )
            and (filters.source is None or filters.source in self.sources)
            and (
                filters.problem is None
                or filters.problem in self.problems
                or (filters.problem == ANY and bool(self.problems))
            )
        )


def counted(kinds: Iterable[tuple[Kind, int]]) -> CollectionCounts:
    """Count images by how many there are of each kind."""
    status: Counter[str] = Counter()
    problems: Counter[str] = Counter()
    total = pending = stale = 0
    for kind, images in kinds:
        total += images
        pending += images * kind.pending
        stale += images * kind.stale
        status[kind.status] += images
        problems.update(dict.fromkeys(kind.problems, images))
    return CollectionCounts(total, pending, stale, _facets(status), _facets(problems))


def review_place(entry: Entry) -> tuple[int, float]:
    """Give where an image comes in the order of review, the first being the least.

    Stale texts first, then captions that the captioners doubt, other captions, what people have
    decided on, and last what could not be read at all. Within each, the greatest doubt first: the
    lesser of the confidence in the alt text and the captioners' agreement, as far as known.
    """
    return _urgency(entry), _sureness(entry)


def _urgency(entry: Entry) -> int:
    kind = Kind.of(entry)
    if kind.stale:
        return _STALE
    if not kind.pending:
        return _REVIEWED
    if entry.problems and not entry.captions and entry.alt_text is None:
        return _UNREAD
    return _DOUBTED if entry.needs_review is True else _PENDING


def _sureness(entry: Entry) -> float:
    known = [] if entry.agreement is UNSET else [entry.agreement]
    if entry.alt_text is not None:
        known += [
            caption.confidence
            for caption in entry.captions
            if caption.source == entry.alt_text.source and caption.confidence is not None
        ]
    return min(known, default=_UNKNOWN_DOUBT)


def _facets(counts: Mapping[str, int]) -> tuple[Facet, ...]:
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return tuple(Facet(value, count) for value, count in ordered if count)
