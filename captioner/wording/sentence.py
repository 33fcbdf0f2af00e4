"""A sentence taken apart into words and marks, and put together again."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from captioner.wording.articles import article_for

_TOKEN = re.compile(
    r"(?P<gap>\s*)(?P<text>"
    r"[^\W\d_]+(?:['\u2019](?!s\b)[^\W\d_]+)*"  # a word, as isn't; 's is a token of its own
    r"|['\u2019]s\b|\d+(?:[.,]\d+)*|\S|\Z)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Person:
    """What a neutral noun says: its singular, whether it is plural, and the words it replaced."""

    noun: str
    plural: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a mark, with the blanks before it.

    A neutral noun is one token, `"police officer"` too, and has a `person`. `fresh` says that an
    article before it may no longer fit.
    """

    gap: str
    text: str
    person: Person | None = None
    fresh: bool = False

    @property
    def lower(self) -> str:
        return self.text.lower().replace("\u2019", "'")

    @property
    def is_word(self) -> bool:
        return self.text[:1].isalpha()

    @property
    def is_possessive(self) -> bool:
        return self.lower in {"'s", "'"}

    @property
    def is_capital(self) -> bool:
        return self.text[:1].isupper()


NOTHING = Token("", "")
"""What stands beyond either end of a sentence."""


def take_apart(text: str) -> list[Token]:
    """Give the tokens of a text; `put_together` gives it back to the letter."""
    found = (Token(each["gap"], each["text"]) for each in _TOKEN.finditer(text))
    return [token for token in found if token.gap or token.text]


def put_together(tokens: Iterable[Token]) -> str:
    return "".join(token.gap + token.text for token in tokens)


def at(tokens: Sequence[Token], place: int) -> Token:
    """Give the token at a place, which may lie beyond either end."""
    return tokens[place] if 0 <= place < len(tokens) else NOTHING


def starts_sentence(tokens: Sequence[Token], place: int) -> bool:
    return at(tokens, place - 1).text in {"", ".", "!", "?"}


def like(model: Token, text: str) -> str:
    """Give a text capitals as those of the word that it replaces."""
    if len(model.text) > 1 and model.text.isupper():
        return text.upper()
    return text[:1].upper() + text[1:] if model.is_capital else text


def without(tokens: Sequence[Token], start: int, end: int) -> list[Token]:
    """Leave tokens out; what follows takes their place, and the capital of the first."""
    rest = list(tokens[end:])
    if rest:
        text = like(tokens[start], rest[0].text) if starts_sentence(tokens, start) else rest[0].text
        gap = tokens[start].gap if tokens[start].is_word else rest[0].gap
        rest[0] = replace(rest[0], gap=gap, text=text, fresh=True)
    return [*tokens[:start], *rest]


def with_articles(tokens: Sequence[Token]) -> list[Token]:
    """Make each `a` or `an` fit the word after it, where that has changed."""
    shouted = put_together(tokens).isupper()
    result = list(tokens)
    for place, token in enumerate(tokens):
        following = at(tokens, place + 1)
        if token.lower in {"a", "an"} and following.fresh and following.text[:1].isalnum():
            article = article_for(following.lower if shouted else following.text)
            text = article.upper() if shouted else like(Token("", token.text[:1]), article)
            result[place] = replace(token, text=text)
    return result


def with_possessives(tokens: Sequence[Token]) -> list[Token]:
    """Make each `'s` or `'` fit the neutral noun before it: people's, police officers'."""
    result = list(tokens)
    for place, token in enumerate(tokens):
        owner = at(tokens, place - 1).person
        if owner is not None and token.is_possessive and _belongs(tokens, place, owner):
            ends_in_s = tokens[place - 1].lower.endswith("s")
            text = token.text[:1] if owner.plural and ends_in_s else f"{token.text[:1]}s"
            result[place] = replace(token, text=like(tokens[place - 1], text))
    return result


def _belongs(tokens: Sequence[Token], place: int, owner: Person) -> bool:
    """Tell a possessive from a quotation mark that closes."""
    if len(tokens[place].text) > 1:
        return True
    opened = any(
        token.lower == "'" and (token.gap or not before)
        for before, token in enumerate(tokens[:place])
    )
    return owner.origin.endswith("s") and not tokens[place].gap and not opened
