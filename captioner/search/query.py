"""What people type -> what is looked for.

    man on a bench       any of the words, the more and the rarer the better
    "red car"            these words side by side; an image without them is not found
    guit*                words that begin so

Everything else is taken for space: there is no syntax that could be wrong.
"""

from dataclasses import dataclass
from itertools import groupby

from captioner.errors import InvalidQuery
from captioner.lexicon import FUNCTION_WORDS
from captioner.search.words import Word, is_alone, words_of

LONGEST_QUERY = 1_000  # characters
MOST_TERMS = 32


@dataclass(frozen=True, slots=True)
class Term:
    """What one part of a query looks for: stems side by side, or the beginning of a word.

    `shown` is the part as it was typed; `required` keeps to images that have it.
    """

    stems: tuple[str, ...]
    shown: str
    prefix: bool = False
    required: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: each term at most once."""

    terms: tuple[Term, ...]

    @property
    def words(self) -> tuple[Term, ...]:
        """Give the single words, which may be misspelt and have others near in meaning."""
        return tuple(each for each in self.terms if not each.prefix and not each.required)

    def with_terms(self, terms: dict[Term, Term]) -> "Query":
        """Give the query with terms replaced by others."""
        return Query(tuple(dict.fromkeys(terms.get(each, each) for each in self.terms)))


def parse(text: str) -> Query:
    """Read a query.

    Words such as "on" and "the" count only where there is nothing else. Raises `InvalidQuery`
    where there is nothing to look for, or far too much.
    """
    if len(text) > LONGEST_QUERY:
        raise InvalidQuery(f"A query has at most {LONGEST_QUERY:,} characters; shorten it.")
    found: list[Term] = []
    # An odd number of quotation marks leaves the last one open: what follows it are words.
    parts = text.replace("\u201c", '"').replace("\u201d", '"').split('"')
    for place, part in enumerate(parts):
        quoted = place % 2 == 1 and place + 1 < len(parts)
        found += _phrase(part) if quoted else _words(part)
    meaningful = [each for each in found if each.required or each.prefix or not _is_function(each)]
    terms = tuple(dict.fromkeys(meaningful or found))
    if not terms:
        raise InvalidQuery("The query holds no word to look for; ask with letters or digits.")
    if len(terms) > MOST_TERMS:
        raise InvalidQuery(f"A query has at most {MOST_TERMS} words; leave some out.")
    return Query(terms)


def _phrase(text: str) -> list[Term]:
    stems = tuple(word.stem for word in words_of(text))
    return [Term(stems, text.strip(), required=True)] if stems else []


def _words(text: str) -> list[Term]:
    terms: list[Term] = []
    for (alone, _), group in groupby(enumerate(words_of(text)), _run):
        words = [word for _, word in group]
        if alone:
            stems = tuple(word.stem for word in words)
            terms.append(Term(stems, text[words[0].start : words[-1].end]))
        else:
            terms += [_word(text, word) for word in words]
    return terms


def _run(numbered: tuple[int, Word]) -> tuple[bool, int]:
    """Keep characters that are words by themselves together, where nothing stands between."""
    number, word = numbered
    alone = is_alone(word.stem)
    return alone, word.start - number if alone else 0


def _word(text: str, word: Word) -> Term:
    shown = text[word.start : word.end]
    if text[word.end : word.end + 1] == "*":
        return Term((word.plain,), f"{shown}*", prefix=True)
    return Term((word.stem,), shown)


def _is_function(term: Term) -> bool:
    return term.shown.lower() in FUNCTION_WORDS
