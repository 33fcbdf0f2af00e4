"""Picture -> encoder input; the one implementation that serves both training and the app."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def resize_picture(image: Image.Image, steps: Sequence[int]) -> NDArray[np.uint8]:
    """Squash an RGB picture to a square, side by side through `steps`; [side, side, 3].

    The whole picture is kept and its aspect ratio is not: nothing at the edge is lost. `steps`
    are the sides in pixels that the training pictures went through, in order; a model trained on
    pictures stored at 224 pixels and enlarged to 256 is given the same at work.
    """
    for side in steps:
        if image.size != (side, side):
            # reducing_gap shrinks by whole factors first: several times faster on large pictures,
            # and hardly to be told from the plain filter from 3.0 on (Pillow's documentation).
            image = image.resize((side, side), Image.Resampling.BICUBIC, reducing_gap=3.0)
    return np.asarray(image, dtype=np.uint8)


def encoder_input(images: Sequence[Image.Image], steps: Sequence[int]) -> NDArray[np.uint8]:
    """Stack RGB pictures into one encoder batch, [batch, side, side, 3].

    Pixels stay whole numbers from 0 to 255: normalisation lives inside the encoder's graph.
    """
    return np.stack([resize_picture(image, steps) for image in images])
