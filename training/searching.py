"""A bundle's own search over many pictures, as the app runs it."""

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from captioner.model.bundle import Bundle
from captioner.model.confidence import Found


def search_bundle(bundle: Bundle, pictures: NDArray[np.uint8], *, batch: int = 16) -> list[Found]:
    """Find captions, and what is told beside them, of pictures [images, side, side, 3]."""
    found: list[Found] = []
    console = Console(stderr=True)
    starts = range(0, len(pictures), batch)
    for start in track(starts, "captioning", console=console, transient=True):
        rows = np.asarray(pictures[start : start + batch])
        found += bundle.search(rows, bundle.beam_settings)
    return found
