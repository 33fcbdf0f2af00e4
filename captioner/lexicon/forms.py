"""Words without their endings, so that "dogs" and "dog", "running" and "runs" are one.

Enough for comparing captions, no more: a stem need not be a word ("danc" of "dances", "dancing").
"""

import re
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_CLITIC = re.compile(r"(?:n['\u2019]t|['\u2019](?:s|re|ll|ve|m|d))\b")

_HOLDING_TOGETHER = """
    a an the this that these those there here some any each every other another both all
    i you he she it we they him her them his hers its their theirs who whom whose which what
    himself herself itself themselves
    is are was were be been being am has have having had do does did doing can could may will would
    and or but while as if than then so not no
    of in on at to from by for with without into onto through over under above below across around
    along against among between behind beside besides beyond near next inside outside off out up
    down front back toward towards during after before about upon within like via
"""
FUNCTION_WORDS = frozenset(_HOLDING_TOGETHER.split())
"""Words that hold a sentence together and say nothing of the picture."""

_NUMBERS = "one two three four five six seven eight nine ten"
_SPELT = {str(figure): word for figure, word in enumerate(_NUMBERS.split(), 1)}
_COLOURS = "red orange yellow green blue purple pink brown black white gray golden"
_SIZES_AND_AGES = "young old little small large big tall long short tiny huge"
_LOOKS_AND_COUNTS = "dark light colorful several many few multiple pair group"
_IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "kid": "child",
    "kids": "child",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "wolves": "wolf",
    "leaves": "leaf",
    "knives": "knife",
    "shelves": "shelf",
    "loaves": "loaf",
    "ran": "run",
    "sat": "sit",
    "stood": "stand",
    "lying": "lie",
    "laying": "lie",
    "held": "hold",
    "rode": "ride",
    "grey": "gray",
    "colour": "color",
}


@lru_cache(2**16)  # words are endless where file names and queries are taken apart
def stem_of(word: str) -> str:
    """Give what a lower-case word's forms have in common."""
    word = _IRREGULAR.get(word, word)
    if len(word) > 4:
        for ending, instead in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh")):
            if word.endswith(ending):
                return word.removesuffix(ending) + instead
    for ending, shortest in (("ing", 3), ("ed", 3)):
        base = word.removesuffix(ending)
        if base != word and len(base) >= shortest:
            doubled = base[-1] == base[-2] and base[-1] not in "lsz"
            return (base[:-1] if doubled else base).removesuffix("e")
    if word.endswith("s") and not word.endswith(("ss", "us")) and len(word) > 3:
        word = word[:-1]
    return word.removesuffix("e") if len(word) > 3 else word


def root_of(word: str) -> str:
    """Give the stem of a lower-case word, of a small number in figures that of its name."""
    return stem_of(_SPELT.get(word, word))


MODIFIERS = frozenset(
    stem_of(word)
    for words in (_COLOURS, _NUMBERS, _SIZES_AND_AGES, _LOOKS_AND_COUNTS)
    for word in words.split()
)
"""Stems of colours, numbers, sizes and ages, which people often leave out or disagree on."""


def content_of(text: str) -> tuple[str, ...]:
    """Give the stems of a text's words, each once and in order, without function words."""
    words = _WORD.findall(_CLITIC.sub(" ", text.lower()))
    return tuple(dict.fromkeys(root_of(word) for word in words if word not in FUNCTION_WORDS))
