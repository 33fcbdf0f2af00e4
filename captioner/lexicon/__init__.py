"""The words of English captions: which of them carry meaning, and which mean nearly the same."""

from captioner.lexicon.forms import FUNCTION_WORDS, MODIFIERS, content_of, stem_of
from captioner.lexicon.relatedness import relatedness

__all__ = ["FUNCTION_WORDS", "MODIFIERS", "content_of", "relatedness", "stem_of"]
