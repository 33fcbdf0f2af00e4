"""The words of English captions: which of them carry meaning, and which mean nearly the same."""

from captioner.lexicon.forms import FUNCTION_WORDS, MODIFIERS, content_of, root_of, stem_of
from captioner.lexicon.relatedness import neighbours, relatedness

__all__ = [
    "FUNCTION_WORDS",
    "MODIFIERS",
    "content_of",
    "neighbours",
    "relatedness",
    "root_of",
    "stem_of",
]
