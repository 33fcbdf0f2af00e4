"""How far two captions say the same, validated against people's judgements of captions.

`python -m training agreement` measures it on the expert judgements of Flickr8k: captions that agree
more with what others said of a picture are those that experts find to describe it better.
"""

import numpy as np

from captioner.lexicon import MODIFIERS, content_of, relatedness

_MODIFIER_WEIGHT = 0.5


def agreement(text: str, other: str) -> float:
    """Compare two English captions: 0 for nothing in common, 1 for the same words.

    The harmonic mean of two shares: of each caption's content words, how much the other has too,
    a word of near meaning counting in part. Order and grammar do not matter. Captions without
    content words agree in nothing.
    """
    stems, others = content_of(text), content_of(other)
    if not stems or not others:
        return 0.0
    near = relatedness(stems, others)
    one = float(np.average(near.max(axis=1), weights=_weights(stems)))
    two = float(np.average(near.max(axis=0), weights=_weights(others)))
    return 2 * one * two / (one + two) if one + two else 0.0


def _weights(stems: tuple[str, ...]) -> list[float]:
    return [_MODIFIER_WEIGHT if stem in MODIFIERS else 1.0 for stem in stems]
