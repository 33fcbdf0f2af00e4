"""Misspelt words of a query: those that nothing is said with, read as the nearest that is."""

from collections.abc import Mapping

from captioner.search.answers import Correction
from captioner.search.index import Index
from captioner.search.query import Query, Term
from captioner.search.words import words_of

_SHORTEST = 4  # letters of a word that may be misspelt
_TWICE_FROM = 7  # letters from which on two slips are forgiven


def corrected(query: Query, index: Index) -> tuple[Query, tuple[Correction, ...]]:
    """Give the query with misspelt words replaced, and which these are."""
    unknown = [term for term in query.words if _may_be_misspelt(term) and not index.knows(term)]
    if not unknown:
        return query, ()
    vocabulary = index.vocabulary()
    found = {term: word for term in unknown if (word := nearest(term.shown.lower(), vocabulary))}
    corrections = tuple(Correction(term.shown, word) for term, word in found.items())
    return query.with_terms({term: _term(word) for term, word in found.items()}), corrections


def nearest(word: str, vocabulary: Mapping[str, int]) -> str | None:
    """Give the word that takes the fewest slips to become this one, of several the commonest.

    A slip is a letter too many, too few, another, or two that changed places.
    """
    from rapidfuzz import process  # noqa: PLC0415 - costs start-up time, and most people can spell
    from rapidfuzz.distance import OSA  # noqa: PLC0415

    most = 2 if len(word) >= _TWICE_FROM else 1
    near = process.extract(
        word, vocabulary.keys(), scorer=OSA.distance, score_cutoff=most, limit=None
    )
    likely = [
        (slips, other[0] != word[0], -vocabulary[other], other)
        for other, slips, _ in near
        if other.isalpha()
    ]
    return min(likely)[-1] if likely else None


def _may_be_misspelt(term: Term) -> bool:
    return len(term.stems) == 1 and len(term.shown) >= _SHORTEST and term.shown.isalpha()


def _term(word: str) -> Term:
    return Term(tuple(each.stem for each in words_of(word)), word)
