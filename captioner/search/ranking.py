"""The order of what was found, by words that are near in meaning too.

BM25 counts only the query's own words. Of the images that it thinks best, those go up that also
say what is near to the others: "biker" for "cyclist". How near words are, `lexicon` knows from
captions of the same pictures. Shares and bounds were chosen on Flickr8k's dev split.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from captioner.entries import Entry
from captioner.lexicon import FUNCTION_WORDS, MODIFIERS, neighbours, relatedness
from captioner.search.index import Index, texts_of
from captioner.search.query import Query
from captioner.search.words import words_of

DEPTH = 200  # images that are put in a new order

_SHARE = 2.0  # of nearness, beside BM25
_LENGTH = 0.3  # how far long texts count less, as BM25's b
_NEAR = 0.25  # from which on a word stands in for one that is rarely said
_MOST_NEAR = 5

type Found = tuple[float, Entry]


def related_stems(query: Query) -> list[str]:
    """Give the stems that may stand in for the query's words where too little is found."""
    if any(term.required for term in query.terms):
        return []
    return [
        near
        for term in query.words
        # Where there is no green one, a blue one is none.
        if len(term.stems) == 1 and term.stems[0] not in MODIFIERS
        for near in neighbours(term.stems[0], least=_NEAR, most=_MOST_NEAR)
    ]


def reranked(found: Sequence[Found], query: Query, index: Index) -> list[Found]:
    """Give the images in their new order with their new scores."""
    stems = list(
        dict.fromkeys(stem for each in query.terms if not each.prefix for stem in each.stems)
    )
    if not stems or not found:
        return list(found)
    everything = index.images
    telling = np.array([_telling(index.images_with(stem), everything) for stem in stems])
    nearness = _nearness(stems, [_meant(entry) for _, entry in found])
    scores = np.array([score for score, _ in found]) + _SHARE * (telling @ nearness)
    order = np.argsort(-scores, kind="stable")
    return [(float(scores[place]), found[place][1]) for place in order]


def _nearness(stems: list[str], said: Sequence[list[str]]) -> NDArray[np.float64]:
    """Give how near each of the images comes to each of the stems: [stems, images]."""
    known = list(dict.fromkeys(stem for each in said for stem in each))
    rows = {stem: row for row, stem in enumerate(known)}
    # A last column stands for no word, which is near to nothing.
    near = np.pad(relatedness(stems, known), ((0, 0), (0, 1)))
    longest = max(map(len, said), default=0)
    places = np.full((len(said), max(longest, 1)), len(known))
    for place, each in enumerate(said):
        places[place, : len(each)] = [rows[stem] for stem in each]
    lengths = np.array([len(each) for each in said]) / max(1.0, np.mean([len(s) for s in said]))
    best: NDArray[np.float64] = near[:, places].max(axis=2) / (1 - _LENGTH + _LENGTH * lengths)
    return best


def _telling(images: int, everything: int) -> float:
    """Give how much it tells that a word is said of an image: BM25's idf, never below 0."""
    return math.log(1 + max(0.0, everything - images + 0.5) / (images + 0.5))


def _meant(entry: Entry) -> list[str]:
    *said, _ = texts_of(entry)
    words = (word for texts in said for text in texts for word in words_of(text))
    return list(dict.fromkeys(word.stem for word in words if word.plain not in FUNCTION_WORDS))
