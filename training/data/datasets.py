"""Captioned images in the layouts that people have them in.

Flickr8k as its authors give it:

    Flicker8k_Dataset/*.jpg
    Flickr8k_text/Flickr8k.token.txt                      name.jpg#0<TAB>caption
    Flickr8k_text/Flickr_8k.{train,dev,test}Images.txt    name.jpg

One's own, or any other, as a table beside a folder of images:

    captions.csv    image,caption or image,caption,split; captions.jsonl is read as well
    images/**       or the only folder there, whatever its name

Images to measure on and never to learn from, all of them in the split *test*:

    captions.json   [{"file": "name.jpg", "captions": ["…", "…"]}, …]
    images/**

All are read by name only; no picture is opened. Lines that cannot be used (an image that is not
there, no words) are left out, and told once for each reason in a warning.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import msgspec

from training.data.captions import words_of
from training.data.pairs import DataError, read_pairs
from training.data.splits import Split

logger = logging.getLogger(__name__)

_TABLES = ("captions.csv", "captions.jsonl")
_TO_MEASURE_ON = "captions.json"


@dataclass(frozen=True, slots=True)
class CaptionedImage:
    """One image and what people said of it, in their own spelling."""

    name: str
    path: Path
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaptionDataset:
    """Images by split; no image is in two. Only what is for measuring has splits without any."""

    name: str
    train: tuple[CaptionedImage, ...]
    dev: tuple[CaptionedImage, ...]
    test: tuple[CaptionedImage, ...]

    def split(self, name: Split) -> tuple[CaptionedImage, ...]:
        images: tuple[CaptionedImage, ...] = getattr(self, name)
        return images


def load_dataset(path: Path) -> CaptionDataset:
    """Find the images, captions and splits under `path`.

    Raises `DataError` where the layout is none of those above, a file is missing or cannot be
    read, an image is in two splits, or a split holds no image.
    """
    if not path.is_dir():
        raise DataError(f"There is no folder {path}.")
    if (path / "Flickr8k_text").is_dir():
        return _flickr8k(path)
    for table in _TABLES:
        if (path / table).is_file():
            return load_pairs(path / table, _image_folder(path), name=path.resolve().name)
    if (path / _TO_MEASURE_ON).is_file():
        return _to_measure_on(path)
    raise DataError(
        f"{path} holds neither captions.csv nor Flickr8k_text/: it is no data set that is known."
    )


def load_pairs(captions: Path, images: Path, *, name: str) -> CaptionDataset:
    """Find the images of a table, lines of JSON or a folder of sidecars under `images`.

    An image is in the split that its line names, else in that of its name's hash. Raises
    `DataError` where the captions cannot be read, there is no such folder, an image is in two
    splits, or a split holds no image.
    """
    gathering = _Gathering(_folder(images))
    splits: dict[str, Split] = {}
    for pair in read_pairs(captions):
        if gathering.add(pair.image, pair.caption):
            _assign(splits, pair.image, pair.split, pair.place)
    return gathering.dataset(name, splits)


@dataclass
class _Gathering:
    """Captions by image as they are read, and why lines were left out."""

    folder: Path
    captions: dict[str, list[str]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, image: str, caption: str) -> bool:
        """Take one caption; False where it is left out."""
        if image not in self.captions and not (self.folder / image).is_file():
            self.left_out[f"naming an image that is not in {self.folder}"] += 1
        elif not words_of(caption):
            self.left_out["without a word"] += 1
        else:
            self.captions.setdefault(image, []).append(caption.strip())
            return True
        return False

    def images(self, name: str) -> tuple[CaptionedImage, ...]:
        """Give the images in the order of their first captions, and tell what was left out."""
        for reason, count in self.left_out.items():
            logger.warning("%s: captions left out, %s: %d", name, reason, count)
        return tuple(
            CaptionedImage(image, self.folder / image, tuple(captions))
            for image, captions in self.captions.items()
        )

    def dataset(self, name: str, splits: Mapping[str, Split]) -> CaptionDataset:
        """Put the images in their splits, each in the order of its first caption."""
        shares: dict[Split, list[CaptionedImage]] = {split: [] for split in get_args(Split)}
        for image in self.images(name):
            if image.name in splits:
                shares[splits[image.name]].append(image)
        for split, images in shares.items():
            if not images:
                raise DataError(
                    f"{name} has no captioned image in its {split} split: add images, or say in a "
                    "column `split` which are train, dev and test."
                )
        return CaptionDataset(name, *(tuple(shares[split]) for split in get_args(Split)))


def _flickr8k(path: Path) -> CaptionDataset:
    text = path / "Flickr8k_text"
    gathering = _Gathering(_folder(path / "Flicker8k_Dataset"))
    for number, line in _lines(text / "Flickr8k.token.txt"):
        label, tab, caption = line.partition("\t")
        image, hash_sign, _ = label.rpartition("#")
        if not (tab and hash_sign):
            raise DataError(f"Flickr8k.token.txt, line {number}: expected name.jpg#0<TAB>caption.")
        gathering.add(image, caption)
    splits: dict[str, Split] = {}
    uncaptioned = 0
    for split in get_args(Split):
        for number, image in _lines(text / f"Flickr_8k.{split}Images.txt"):
            _assign(splits, image.strip(), split, f"Flickr_8k.{split}Images.txt, line {number}")
            uncaptioned += image.strip() not in gathering.captions
    if uncaptioned:
        logger.warning("flickr8k: images left out, without a caption or a file: %d", uncaptioned)
    return gathering.dataset("flickr8k", splits)


class _Entry(msgspec.Struct):
    """One image of `captions.json`."""

    file: str
    captions: tuple[str, ...]


def _to_measure_on(path: Path) -> CaptionDataset:
    gathering = _Gathering(_image_folder(path))
    try:
        entries = msgspec.json.decode((path / _TO_MEASURE_ON).read_bytes(), type=list[_Entry])
    except msgspec.DecodeError as fault:
        raise DataError(f"{path / _TO_MEASURE_ON} cannot be read: {fault}.") from None
    for entry in entries:
        for caption in entry.captions:
            gathering.add(entry.file, caption)
    name = path.resolve().name
    images = gathering.images(name)
    if not images:
        raise DataError(f"{path / _TO_MEASURE_ON} names no image that is there.")
    return CaptionDataset(name, train=(), dev=(), test=images)


def _assign(splits: dict[str, Split], image: str, split: Split, place: str) -> None:
    if splits.setdefault(image, split) != split:
        raise DataError(f"{place}: {image} is in {split} and in {splits[image]}; keep it in one.")


def _lines(path: Path) -> Iterable[tuple[int, str]]:
    """Read the lines of a text file that are not blank, counted from 1."""
    if not path.is_file():
        raise DataError(f"{path} is missing.")
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path} is not UTF-8.") from None
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _image_folder(path: Path) -> Path:
    """Give `images/`, or else the only folder beside the table."""
    if (path / "images").is_dir():
        return path / "images"
    folders = [each for each in path.iterdir() if each.is_dir() and not each.name.startswith(".")]
    if len(folders) == 1:
        return folders[0]
    raise DataError(f"Put the images that captions.csv names into {path / 'images'}.")


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise DataError(f"{path} is missing: it holds the images.")
    return path
