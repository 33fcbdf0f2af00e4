"""Captioned images in the layouts that people have them in.

Flickr8k as its authors give it:

    Flicker8k_Dataset/*.jpg
    Flickr8k_text/Flickr8k.token.txt                      name.jpg#0<TAB>caption
    Flickr8k_text/Flickr_8k.{train,dev,test}Images.txt    name.jpg

One's own, or any other, as a table beside a folder of images:

    captions.csv    image,caption or image,caption,split
    images/**       or the only folder there, whatever its name

Both are read by name only; no picture is opened. Lines that cannot be used (an image that is not
there, no words) are left out, and told once for each reason in a warning.
"""

import csv
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

from captioner.errors import CaptionerError
from training.data.captions import words_of
from training.data.splits import Split, split_named, split_of

logger = logging.getLogger(__name__)


class DataError(CaptionerError):
    """The folder does not hold captioned images that can be learnt from."""

    code = "data_invalid"
    permanent = True


@dataclass(frozen=True, slots=True)
class CaptionedImage:
    """One image and what people said of it, in their own spelling."""

    name: str
    path: Path
    captions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaptionDataset:
    """Images by split; no image is in two."""

    name: str
    train: tuple[CaptionedImage, ...]
    dev: tuple[CaptionedImage, ...]
    test: tuple[CaptionedImage, ...]

    def split(self, name: Split) -> tuple[CaptionedImage, ...]:
        images: tuple[CaptionedImage, ...] = getattr(self, name)
        return images


def load_dataset(path: Path) -> CaptionDataset:
    """Find the images, captions and splits under `path`.

    Raises `DataError` where the layout is not one of the two above, a file is missing or cannot be
    read, an image is in two splits, or a split holds no image.
    """
    if not path.is_dir():
        raise DataError(f"There is no folder {path}.")
    if (path / "Flickr8k_text").is_dir():
        return _flickr8k(path)
    if (path / "captions.csv").is_file():
        return _table(path)
    raise DataError(
        f"{path} holds neither captions.csv nor Flickr8k_text/: it is no data set that is known."
    )


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

    def dataset(self, name: str, splits: Mapping[str, Split]) -> CaptionDataset:
        """Put the images in their splits, each in the order of its first caption."""
        for reason, count in self.left_out.items():
            logger.warning("%s: captions left out, %s: %d", name, reason, count)
        shares: dict[Split, list[CaptionedImage]] = {split: [] for split in get_args(Split)}
        for image, captions in self.captions.items():
            if image in splits:
                found = CaptionedImage(image, self.folder / image, tuple(captions))
                shares[splits[image]].append(found)
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


def _table(path: Path) -> CaptionDataset:
    table = path / "captions.csv"
    gathering = _Gathering(_image_folder(path))
    splits: dict[str, Split] = {}
    for number, row in _rows(table):
        image = row["image"].strip()
        if not gathering.add(image, row["caption"]):
            continue
        split = split_named(row["split"]) if "split" in row else split_of(image)
        if split is None:
            raise DataError(
                f"captions.csv, line {number}: {row['split']!r} is not train, dev or test."
            )
        _assign(splits, image, split, f"captions.csv, line {number}")
    return gathering.dataset(path.resolve().name, splits)


def _assign(splits: dict[str, Split], image: str, split: Split, place: str) -> None:
    if splits.setdefault(image, split) != split:
        raise DataError(f"{place}: {image} is in {split} and in {splits[image]}; keep it in one.")


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Read the table's rows with the number of the line that each ends on."""
    # A spreadsheet's export may begin with a byte order mark.
    with table.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, restval="")
        try:
            if not {"image", "caption"} <= set(reader.fieldnames or ()):
                raise DataError("captions.csv needs a first line `image,caption`.")
            for row in reader:
                if None in row:  # where the caption's own commas were not quoted
                    raise DataError(
                        f"captions.csv, line {reader.line_num}: more columns than the first line "
                        "has; put captions with commas in double quotes."
                    )
                yield reader.line_num, row
        except UnicodeDecodeError:
            raise DataError("captions.csv is not UTF-8: save it as such.") from None
        except csv.Error as fault:
            raise DataError(f"captions.csv, line {reader.line_num}: {fault}.") from None


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
