"""How much of a text somebody changed."""

import re

_WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")


def distance(text: str, other: str) -> float:
    """Give the share of words to change to make one text of the other: 0 for none, 1 for all.

    The Levenshtein distance over words, capitals and punctuation aside, by the longer one's words.
    """
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - needed only once people edit

    words, others = _WORD.findall(text.casefold()), _WORD.findall(other.casefold())
    return float(Levenshtein.normalized_distance(words, others))
