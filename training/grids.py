"""What a frozen encoder sees, computed once and kept on disk."""

import hashlib
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from rich.progress import track


def computed_grids(
    encoder: keras.Model,
    pictures: NDArray[np.uint8],
    path: Path,
    *,
    mirrored: bool = False,
    batch: int = 32,
) -> NDArray[np.float16]:
    """Give the encoder's grids [pictures, patches, channels], memory-mapped from `path`.

    Computed where the file is not there; a computation that was cut off starts again. Half
    precision keeps three digits, more than a frozen encoder's features are good to.
    """
    shape = (len(pictures), *encoder.output_shape[1:])
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        grids = np.lib.format.open_memmap(unfinished, "w+", np.float16, shape)
        encode = tf.function(encoder, autograph=False)
        starts = range(0, len(pictures), batch)
        for start in track(starts, description=f"encoding {path.stem}"):
            rows = np.asarray(pictures[start : start + batch])
            grids[start : start + len(rows)] = encode(rows[:, :, ::-1] if mirrored else rows)
        grids.flush()
        unfinished.rename(path)
    found: NDArray[Any] = np.load(path, mmap_mode="r")
    if found.shape != shape:
        raise ValueError(f"{path} holds grids of {found.shape}, not {shape}: delete it")
    return found


def weights_digest(encoder: keras.Model) -> str:
    """Tell one encoder's weights from another's."""
    digest = hashlib.sha256()
    for weights in encoder.get_weights():
        digest.update(weights.tobytes())
    return digest.hexdigest()
