"""The order of what was found, by words that are near in meaning too.

BM25 counts only the query's own words. Of the images that it thinks best, those go up that also
say what is near to the others: "biker" for "cyclist". How near words are, `lexicon` knows from
captions of the same pictures.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from captioner.lexicon import MODIFIERS, neighbours, relatedness
from captioner.search.index import Found, Index
from captioner.search.query import Query

DEPTH = 200  # images that are put in a new order


@dataclass(frozen=True, slots=True)
class Ranking:
    """What nearness in meaning counts.

    `share` is that of nearness beside BM25, `length` how far long texts count less, as BM25's b.
    Where little is found, at most `most_near` words stand in for one of the query, from a nearness
    of `least_near` on.

    `share` and `length` have the best recall@10 on Flickr8k's dev split of a grid from 0 to 10 and
    from 0 to 0.5; more than 3 of `share` hardly changes it. The others are judgement: people who
    describe a picture say so much that dev seldom asks for what is rarely found.
    """

    share: float = 6.0
    length: float = 0.3
    least_near: float = 0.5
    most_near: int = 5


RANKING = Ranking()


def related_stems(query: Query, ranking: Ranking) -> list[str]:
    """Give the stems that may stand in for the query's words where too little is found."""
    if any(term.required for term in query.terms):
        return []
    return [
        near
        for term in query.words
        # Where there is no green one, a blue one is none.
        if len(term.stems) == 1 and term.stems[0] not in MODIFIERS
        for near in neighbours(term.stems[0], least=ranking.least_near, most=ranking.most_near)
    ]


def reranked(found: Sequence[Found], query: Query, index: Index, ranking: Ranking) -> list[Found]:
    """Give the images in their new order with their new scores."""
    stems = list(
        dict.fromkeys(stem for each in query.terms if not each.prefix for stem in each.stems)
    )
    if not stems or not found:
        return list(found)
    everything = index.images
    telling = np.array([_telling(index.images_with(stem), everything) for stem in stems])
    nearness = _nearness(stems, index.said(found), ranking.length)
    scores = np.array([each.score for each in found]) + ranking.share * (telling @ nearness)
    order = np.argsort(-scores, kind="stable")
    return [Found(found[place].number, float(scores[place])) for place in order]


def _nearness(stems: list[str], said: Sequence[list[str]], length: float) -> NDArray[np.float64]:
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
    best: NDArray[np.float64] = near[:, places].max(axis=2) / (1 - length + length * lengths)
    return best


def _telling(images: int, everything: int) -> float:
    """Give how much it tells that a word is said of an image: BM25's idf, never below 0."""
    return math.log(1 + max(0.0, everything - images + 0.5) / (images + 0.5))
