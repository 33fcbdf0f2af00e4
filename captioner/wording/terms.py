"""Terms that people set: those to be written for others, and those that no caption may hold.

A term is a word or several. It is found as whole words, in any capitals; in scripts that put no
blanks between words it is found anywhere.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import product

from captioner.wording.articles import article_for

type Pairs = tuple[tuple[str, str], ...]

# Kana and Chinese characters, which stand without blanks between words.
_UNSPACED = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_SPACED = re.compile(rf"[^\W{_UNSPACED}]")
_PART = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]")
_ARTICLE = re.compile(r"\ban?(?=\s+$)", re.IGNORECASE)


def holds_any(text: str, terms: tuple[str, ...]) -> bool:
    """Tell whether any of the terms is in the text."""
    return bool(terms) and _pattern(terms).search(text) is not None


def with_preferred(text: str, pairs: Pairs, *, articles: bool) -> str:
    """Write each second term for its first one; where several fit, the longest is taken.

    With `articles`, `a` and `an` before it are made to fit, as English wants. Doing it twice
    changes nothing if the pairs pass `clash`.
    """
    if not pairs:
        return text
    longest_first = sorted(pairs, key=lambda pair: -len(pair[0]))
    pattern = _pattern(tuple(old for old, _ in longest_first))
    written, end = "", 0
    for found in pattern.finditer(text):
        new = longest_first[(found.lastindex or 1) - 1][1]
        if found[0][:1].isupper():
            new = new[:1].upper() + new[1:]
        before = written + text[end : found.start()]
        written, end = (_with_article(before, new) if articles else before) + new, found.end()
    return written + text[end:]


def clash(pairs: Pairs) -> tuple[int, int] | None:
    """Give two pairs, counted from 1, of whom the second replaces what the first writes.

    Also where it would replace a part, or a part together with the words around it. Such pairs
    would go on rewriting a caption each time that its record is written.
    """
    for (one, (old, new)), (other, (replaced, _)) in product(enumerate(pairs, 1), repeat=2):
        if one == other and _parts(old) == _parts(new):  # usa=USA
            continue
        written = _parts(new)
        if any(_overlap(_parts(replaced), [*before, *written]) for before in ([], ["a"], ["an"])):
            return one, other
    return None


def _overlap(term: Sequence[str], written: Sequence[str]) -> bool:
    """Tell whether some text could hold the term in a place that takes a part of `written`."""
    return any(
        all(
            written[place] == term[place - shift]
            for place in range(max(0, shift), min(len(written), shift + len(term)))
        )
        for shift in range(1 - len(term), len(written))
    )


@cache
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    """Give what finds the terms, each a group of its own."""
    return re.compile("|".join(f"({_expression(term)})" for term in terms), re.IGNORECASE)


def _expression(term: str) -> str:
    words = r"\s+".join(re.escape(word) for word in term.split())
    before = r"(?<!\w)" if _SPACED.match(term[0]) else ""
    after = r"(?!\w)" if _SPACED.match(term[-1]) else ""
    return f"{before}{words}{after}"


def _parts(term: str) -> list[str]:
    return _PART.findall(term.casefold())


def _with_article(text: str, word: str) -> str:
    """Make an article at the end of the text fit the word to come."""
    found = _ARTICLE.search(text)
    if found is None:
        return text
    article = article_for(word)
    article = article.capitalize() if found[0][0].isupper() else article
    return text[: found.start()] + article + text[found.end() :]
