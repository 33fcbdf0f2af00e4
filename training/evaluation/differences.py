"""Where two captions of a picture differ, word by word."""

from dataclasses import dataclass
from difflib import SequenceMatcher


@dataclass(frozen=True, slots=True)
class Words:
    """Words of a caption that stand together, and whether the other caption has others there."""

    text: str
    differ: bool


def marked(text: str, other: str) -> tuple[tuple[Words, ...], tuple[Words, ...]]:
    """Split two captions into what they have in common, in order, and what only one has."""
    mine, theirs = text.split(), other.split()
    ours: list[Words] = []
    others: list[Words] = []
    for kind, start, end, from_, to in _matched(mine, theirs).get_opcodes():
        for parts, words in ((ours, mine[start:end]), (others, theirs[from_:to])):
            if words:
                parts.append(Words(" ".join(words), differ=kind != "equal"))
    return tuple(ours), tuple(others)


def difference(text: str, other: str) -> float:
    """Give the share of words that are not in common, in order: 0 for none, 1 for all."""
    return 1 - _matched(text.split(), other.split()).ratio()


def _matched(words: list[str], others: list[str]) -> SequenceMatcher[str]:
    # Nothing is junk: captions repeat "a" more often than texts repeat anything.
    return SequenceMatcher(None, words, others, autojunk=False)
