"""What a frozen part of the encoder sees, computed once and kept on disk."""

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track

_LEAST_AREA = 0.7  # of the picture, that a view cut out of it keeps


def computed(
    function: Callable[[Any], Any],
    pictures: NDArray[np.uint8],
    shape: tuple[int, ...],
    path: Path,
    *,
    look: Callable[[NDArray[np.uint8], NDArray[np.int64]], NDArray[np.uint8]] | None = None,
    rows: NDArray[np.int64] | None = None,
    batch: int = 32,
) -> NDArray[np.float16]:
    """Give `function` of every picture, [pictures, *shape], memory-mapped from `path`.

    `look` (pictures, their numbers) is how they are looked at, plainly by default. Given `rows`,
    the places of all others are left empty, and take no room on disk. Computed where the file is
    not there; a computation that was cut off starts again. Half precision keeps three digits, more
    than a frozen encoder's features are good to.
    """
    whole = (len(pictures), *shape)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        grids = np.lib.format.open_memmap(unfinished, "w+", np.float16, whole)
        encode = tf.function(function, autograph=False, reduce_retracing=True)
        wanted = np.arange(len(pictures)) if rows is None else rows
        starts = range(0, len(wanted), batch)
        for start in track(starts, description=f"encoding {path.stem}"):
            numbers = wanted[start : start + batch]
            seen = np.asarray(pictures[numbers])
            grids[numbers] = encode(look(seen, numbers) if look else seen)
        grids.flush()
        unfinished.rename(path)
    found: NDArray[Any] = np.load(path, mmap_mode="r")
    if found.shape != whole:
        raise ValueError(f"{path} holds grids of {found.shape}, not {whole}: delete it")
    return found


def mirrored(pictures: NDArray[np.uint8], _: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Mirror pictures [batch, height, width, 3]."""
    return pictures[:, :, ::-1]


def cropped(seed: int) -> Callable[[NDArray[np.uint8], NDArray[np.int64]], NDArray[np.uint8]]:
    """Cut a view out of each picture at random, always the same for one seed and picture.

    It keeps most of the picture, so that its captions stay true, and fills the same square.
    """

    def cut(pictures: NDArray[np.uint8], numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        views = np.empty_like(pictures)
        for place, (picture, number) in enumerate(zip(pictures, numbers, strict=True)):
            chance = np.random.default_rng((seed, number))
            height, width = picture.shape[:2]
            area, stretch = chance.uniform(_LEAST_AREA, 1), np.exp(chance.uniform(-0.15, 0.15))
            tall = min(1.0, np.sqrt(area) * stretch) * height
            wide = min(1.0, np.sqrt(area) / stretch) * width
            top, left = chance.uniform(0, height - tall), chance.uniform(0, width - wide)
            box = (left, top, left + wide, top + tall)
            image = Image.fromarray(picture)
            views[place] = image.resize((width, height), Image.Resampling.BICUBIC, box=box)
        return views

    return cut


def weights_digest(parts: Iterable[keras.layers.Layer]) -> str:
    """Tell the weights of some layers from others."""
    digest = hashlib.sha256()
    for part in parts:
        for weights in part.get_weights():
            digest.update(weights.tobytes())
    return digest.hexdigest()
