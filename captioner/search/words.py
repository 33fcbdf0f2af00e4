"""Text -> the words by which it is found, the same for what is indexed and what is asked.

Words are cut at whatever is no letter or digit, written without accents and capitals, and told by
their stem. Chinese characters and Japanese kana are words each, as nothing parts words there.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct

from captioner.lexicon import root_of

# Marks that stand on the letter before, be it as an accent apart or as a vowel: Latin, Greek and
# Cyrillic; Hebrew; Arabic; the scripts of South and South-East Asia.
_MARKS = (
    "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u07a6-\u07b0"
    "\u0900-\u0963\u0966-\u0df3\u0e31-\u0e4e\u0eb1-\u0ece\u0f71-\u0fbc\u102b-\u103e"
)
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"[{_CJK}]|(?:(?![{_CJK}])[^\W_][{_MARKS}]*)+")
_ALONE = re.compile(f"[{_CJK}]")
_LONGEST = 64  # characters of a word that tell it apart


class Word(Struct, frozen=True):
    """One word of a text: where it stands, as it is written, and its stem."""

    start: int
    end: int
    plain: str
    stem: str


def words_of(text: str) -> Iterator[Word]:
    """Give the words of a text, in order."""
    for found in _WORD.finditer(text):
        plain, stem = _forms(found[0][:_LONGEST])
        if stem:
            yield Word(found.start(), found.end(), plain, stem)


def stems_of(text: str) -> list[str]:
    """Give the stems of a text's words, in order."""
    return [word.stem for word in words_of(text)]


def is_alone(stem: str) -> bool:
    """Tell a character that is a word by itself."""
    return bool(_ALONE.fullmatch(stem))


@lru_cache(2**16)
def _forms(word: str) -> tuple[str, str]:
    """Give a word without accents and capitals, and its stem."""
    parts = unicodedata.normalize("NFKD", word.casefold())
    plain = "".join(each for each in parts if each.isalnum())
    # Composed again: Korean syllables and kana with marks are one character each.
    plain = unicodedata.normalize("NFC", plain).lower()
    return plain, root_of(plain) if plain else ""
