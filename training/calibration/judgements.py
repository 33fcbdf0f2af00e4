"""Experts' judgements of captions: Flickr8k_text/ExpertAnnotations.txt (Hodosh et al. 2013).

Each line is an image, a caption that was written for it or for another image, and how well the
caption describes the image to each of three experts: 1 not at all, 2 in some aspects, 3 with minor
mistakes, 4 without a mistake. All images are of the test split, so nothing may be chosen on all of
them: they fall into two halves by a hash of their name, one to choose on and one to report on.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from training.data.datasets import CaptionedImage
from training.data.pairs import DataError

Half = Literal["choosing", "reporting"]

ACCEPTED_FROM = 3.0  # mean of the experts: minor mistakes at worst
_FILE = Path("Flickr8k_text") / "ExpertAnnotations.txt"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What experts think of a caption, and what people who saw the picture wrote of it."""

    image: str
    caption: str
    references: tuple[str, ...]
    mean: float


@dataclass(frozen=True, slots=True)
class Judgements:
    """Judged captions of one half of the images."""

    half: Half
    every: tuple[Judgement, ...]

    @property
    def means(self) -> NDArray[np.float64]:
        """What experts think on average, [captions], 1 to 4."""
        return np.array([each.mean for each in self.every])

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which captions experts find acceptable, [captions]."""
        return self.means >= ACCEPTED_FROM


def half_of(image: str) -> Half:
    """Place an image by a hash of its name."""
    first, *_ = hashlib.sha256(image.encode()).digest()
    return "reporting" if first % 2 else "choosing"


def load_judgements(folder: Path, images: Sequence[CaptionedImage], half: Half) -> Judgements:
    """Read the judgements of one half of `images`, those of Flickr8k's test split.

    A caption that is one of the image's own references is left out: it would be compared with
    itself. Raises `DataError` where the file is missing or is not as it was published.
    """
    captions = {image.name: image.captions for image in images}
    every = []
    for number, line in enumerate(_lines(folder / _FILE), 1):
        try:
            image, label, *scores = line.split()
            author, _, place = label.rpartition("#")
            references, text = captions[image], captions[author][int(place)]
            mean = sum(map(int, scores)) / len(scores)
        except (ValueError, IndexError, ZeroDivisionError):
            raise DataError(
                f"{_FILE.name}, line {number}: expected image, caption and scores."
            ) from None
        except KeyError as unknown:
            raise DataError(f"{_FILE.name}, line {number}: {unknown} has no captions.") from None
        if author != image and half_of(image) == half:
            every.append(Judgement(image, text, references, mean))
    if not every:
        raise DataError(f"{_FILE.name} judges no caption of another image.")
    return Judgements(half, tuple(every))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except OSError as fault:
        raise DataError(f"{path} cannot be read: {fault.strerror}.") from None
