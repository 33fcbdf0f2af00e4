"""Which captions are acceptable, by what people wrote of the same picture.

A caption is as close to its picture as it is to the two references that it agrees with most, in the
app's own measure of agreement; from `CUT` on it is acceptable. Among closeness to the mean, the
nearest, the two nearest or the median reference, this follows the experts best on the half of the
judgements that is for choosing, and the cut is where the two tell acceptable captions from others
most alike (`python -m training agreement` shows both, and the other half's figures).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from captioner.captioning.agreement import agreement

CUT = 0.55
_NEAREST = 2


def closeness(caption: str, references: Sequence[str]) -> float:
    """Compare a caption with references of its picture, one or more: 0 to 1."""
    nearest = sorted((agreement(caption, each) for each in references), reverse=True)[:_NEAREST]
    return sum(nearest) / len(nearest)


def closenesses(
    references: Mapping[str, Sequence[str]], captions: Mapping[str, str]
) -> NDArray[np.float64]:
    """Compare each image's caption with its references, in the order of `captions`."""
    return np.array([closeness(text, references[image]) for image, text in captions.items()])


def acceptable(
    references: Mapping[str, Sequence[str]], captions: Mapping[str, str]
) -> NDArray[np.bool_]:
    """Tell which images' captions are acceptable, in the order of `captions`."""
    return closenesses(references, captions) >= CUT
