"""Neutral words for people, preferred terms, blocked terms; nothing else rewrites a caption.

Pure functions over tables: a caption goes in, a caption comes out.
"""

from captioner.wording.neutral import neutral
from captioner.wording.terms import Pairs, clash
from captioner.wording.wording import AS_IT_IS, Wording

__all__ = ["AS_IT_IS", "Pairs", "Wording", "clash", "neutral"]
