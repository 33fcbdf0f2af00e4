"""Where the query was found in the texts of an image, as segments of plain text."""

from collections.abc import Iterator, Sequence

from msgspec import UNSET, UnsetType

from captioner.entries import Entry
from captioner.search.answers import Field, Match, Segment
from captioner.search.query import Query, Term
from captioner.search.words import Word, words_of


def matches_of(entry: Entry, query: Query) -> tuple[Match, ...]:
    """Give the texts of an image in which the query is found."""
    found = []
    for field, source, text in _texts(entry):
        segments = segments_of(text, query)
        if any(each.match for each in segments):
            found.append(Match(field=field, source=source, segments=segments))
    return tuple(found)


def segments_of(text: str, query: Query) -> tuple[Segment, ...]:
    """Cut a text into what matches the query and what stands between."""
    words = list(words_of(text))
    spans = sorted({span for term in query.terms for span in _spans(words, term)})
    segments: list[Segment] = []
    place = 0
    for start, end in spans:
        if end <= place:
            continue
        start = max(start, place)  # noqa: PLW2901 - phrases may overlap
        segments += [Segment(text[place:start], match=False), Segment(text[start:end], match=True)]
        place = end
    segments.append(Segment(text[place:], match=False))
    return tuple(each for each in segments if each.text)


def _spans(words: Sequence[Word], term: Term) -> Iterator[tuple[int, int]]:
    """Give where a term stands."""
    if term.prefix:
        yield from (
            (word.start, word.end) for word in words if word.plain.startswith(term.stems[0])
        )
        return
    stems, length = list(term.stems), len(term.stems)
    said = [word.stem for word in words]
    for place in range(len(words) - length + 1):
        if said[place : place + length] == stems:
            yield words[place].start, words[place + length - 1].end


def _texts(entry: Entry) -> Iterator[tuple[Field, str | UnsetType, str]]:
    if entry.alt_text:
        yield "alt_text", UNSET, entry.alt_text.text
    for caption in entry.captions:
        yield "caption", caption.source, caption.text
    for tag in entry.tags:
        yield "tag", UNSET, tag
    yield "name", UNSET, entry.name
