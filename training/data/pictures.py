"""Every picture of a data set decoded once, into files that training maps into memory.

A split is two files: `train.npy`, uint8 [images, side, side, 3], and `train.json`, which tells
what it was made from and how far it has got. Work that was stopped goes on where it was; work that
is done is not done again until an image or the sizes change.
"""

import hashlib
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import batched
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from captioner.errors import ImageError
from captioner.images import decode
from captioner.model.preprocessing import resize_picture
from training.data.datasets import CaptionDataset, CaptionedImage, DataError
from training.data.splits import Split

logger = logging.getLogger(__name__)

# Photographs of one's own are trusted further than what strangers send.
_MAX_BYTES = 2**28
_MAX_PIXELS = 250_000_000
# Between two notes of how far the work has got; also the pictures held in memory at once.
_BATCH = 256
_WORKERS = 2
_FORMAT = 1  # raise when the same image would be decoded to other pixels


@dataclass(frozen=True, slots=True)
class Pictures:
    """A split's pictures: `pixels[i]`, uint8 [side, side, 3] on disk, is that of `images[i]`.

    `made_from` tells one set of files and sizes from another. Where only some pixels are at hand,
    `rows` are theirs; `checksum` is of all pixels, where it is known without reading them.
    """

    images: tuple[CaptionedImage, ...]
    pixels: NDArray[np.uint8]
    made_from: str
    checksum: str | None = None
    rows: NDArray[np.int64] | None = None


def prepare_pictures(
    dataset: CaptionDataset,
    folder: Path,
    resize: Sequence[int] = (224, 256),
    splits: Sequence[Split] = get_args(Split),
) -> dict[Split, Pictures]:
    """Decode what `folder` does not hold yet, and open it all without reading it into memory.

    `resize` are the sides in pixels that a picture is squashed through, in order. An image that
    cannot be decoded is told in a warning and left out. Raises `DataError` where one of `splits`
    has none that can.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = (*Progress.get_default_columns(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        return {
            split: _prepare(dataset.split(split), folder / split, tuple(resize), progress)
            for split in splits
        }


@dataclass
class _State:
    """How far a split has got: images dealt with, and which of them are in the file, in order."""

    made_from: str
    dealt_with: int = 0
    names: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, made_from: str) -> Self:
        """Take up what was begun from the same images and sizes, else begin."""
        try:
            state = cls(**json.loads(path.read_text()))
        except (FileNotFoundError, ValueError, TypeError):
            return cls(made_from)
        return state if state.made_from == made_from else cls(made_from)

    def save(self, path: Path) -> None:
        """Replace the file in one step, so that it is whole whenever the work is stopped."""
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)


def _prepare(
    images: Sequence[CaptionedImage], target: Path, resize: tuple[int, ...], progress: Progress
) -> Pictures:
    if not images:
        raise DataError(
            f"There is no image in the {target.name} split: this data is for measuring."
        )
    array_path, state_path = target.with_suffix(".npy"), target.with_suffix(".json")
    if not array_path.exists():
        state_path.unlink(missing_ok=True)
    state = _State.read(state_path, _made_from(images, resize))
    bar = progress.add_task(
        f"{target.name} pictures", total=len(images), completed=state.dealt_with
    )
    if state.dealt_with < len(images):
        array = _open(array_path, (len(images), resize[-1], resize[-1], 3), state)
        pixels_of = partial(_pixels, resize=resize)
        with ThreadPoolExecutor(_WORKERS) as workers:  # Pillow works outside Python's lock
            for batch in batched(images[state.dealt_with :], _BATCH, strict=False):
                for image, pixels in zip(batch, workers.map(pixels_of, batch), strict=True):
                    if pixels is not None:
                        array[len(state.names)] = pixels
                        state.names.append(image.name)
                    progress.advance(bar)
                array.flush()
                state.dealt_with += len(batch)
                state.save(state_path)
    if not state.names:
        raise DataError(f"Not one picture of the {target.name} split can be decoded.")
    by_name = {image.name: image for image in images}
    mapped = np.load(array_path, mmap_mode="r")
    images = tuple(by_name[name] for name in state.names)
    return Pictures(images, mapped[: len(images)], state.made_from)


def _open(path: Path, shape: tuple[int, ...], state: _State) -> np.memmap[Any, np.dtype[np.uint8]]:
    if state.dealt_with:
        return open_memmap(path, mode="r+")
    path.unlink(missing_ok=True)  # a training run may have the old file mapped: leave it its own
    return open_memmap(path, mode="w+", dtype=np.uint8, shape=shape)


def _pixels(image: CaptionedImage, resize: tuple[int, ...]) -> NDArray[np.uint8] | None:
    """Decode and squash one picture, [side, side, 3]; None, and a warning, where that fails."""
    try:
        data = image.path.read_bytes()
        picture = decode(data, max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)
    except (ImageError, OSError) as fault:
        logger.warning("%s is left out: %s", image.path, fault)
        return None
    return resize_picture(picture.image, resize)


def _made_from(images: Sequence[CaptionedImage], resize: tuple[int, ...]) -> str:
    """Tell one set of files and sizes from another, without reading the files."""
    stats = ((image.name, image.path.stat()) for image in images)
    files = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats]
    return hashlib.sha256(json.dumps([_FORMAT, resize, files]).encode()).hexdigest()
