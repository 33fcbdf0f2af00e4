"""A data set that can be learnt in seconds: coloured shapes, and sentences that say what they are.

Sixty images are all there are: three shapes in five colours on four backgrounds, dealt to the
splits at random but the same each time, so that every word is in each split's captions.
"""

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from PIL import Image, ImageDraw

SHAPES = ("circle", "square", "triangle")
COLOURS = ("red", "green", "blue", "yellow", "purple")
BACKGROUNDS = ("white", "black", "grey", "orange")
ANIMALS = ("dog", "cat", "bee", "zebra")  # ImageNet has classes for them
SPLIT_SIZES = {"train": 40, "dev": 10, "test": 10}
SIDE = 64


@dataclass(frozen=True)
class Drawing:
    """One picture of the set and what is said of it, in the spelling of Flickr8k."""

    name: str
    split: str
    shape: str
    colour: str
    background: str

    @property
    def captions(self) -> tuple[str, ...]:
        thing = f"{self.colour} {self.shape}"
        return (
            f"A {thing} on a {self.background} background .",
            f"A {thing} is on a {self.background} background",
            f"There is a {thing} on a {self.background} background .",
            f"The {thing} is on {self.background} .",
            f"A {thing} .",
        )

    def save(self, folder: Path) -> None:
        image = Image.new("RGB", (SIDE, SIDE), self.background)
        draw = ImageDraw.Draw(image)
        low, high = SIDE // 5, SIDE - SIDE // 5
        box = (low, low, high, high)
        if self.shape == "circle":
            draw.ellipse(box, self.colour)
        elif self.shape == "square":
            draw.rectangle(box, self.colour)
        else:
            draw.polygon([(SIDE // 2, low), (low, high), (high, high)], self.colour)
        image.save(folder / self.name, quality=95)


def drawings() -> list[Drawing]:
    """Give all sixty, by split."""
    kinds = list(product(SHAPES, COLOURS, BACKGROUNDS))
    random.Random(0).shuffle(kinds)
    splits = [split for split, size in SPLIT_SIZES.items() for _ in range(size)]
    return [
        Drawing(f"{number:02}_{shape}.jpg", split, shape, colour, background)
        for number, (split, (shape, colour, background)) in enumerate(
            zip(splits, kinds, strict=True)
        )
    ]


def write_flickr8k(folder: Path) -> Path:
    """Write the set in Flickr8k's layout; gives `folder`."""
    text = folder / "Flickr8k_text"
    text.mkdir(parents=True)
    every = _save_all(folder / "Flicker8k_Dataset")
    lines = [
        f"{drawing.name}#{number}\t{caption}\n"
        for drawing in every
        for number, caption in enumerate(drawing.captions)
    ]
    (text / "Flickr8k.token.txt").write_text("".join(lines))
    for split in SPLIT_SIZES:
        names = [drawing.name for drawing in every if drawing.split == split]
        (text / f"Flickr_8k.{split}Images.txt").write_text("\n".join(names) + "\n")
    return folder


def write_table(folder: Path, *, splits: bool = True) -> Path:
    """Write the set as captions.csv beside images/, with its column of splits or without."""
    folder.mkdir(parents=True, exist_ok=True)
    every = _save_all(folder / "images")
    with (folder / "captions.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["image", "caption", "split"] if splits else ["image", "caption"])
        table.writerows(_rows(every, splits=splits))
    return folder


def write_texts(path: Path) -> Path:
    """Write captions of twenty pictures that are not there; gives `path`."""
    captions = [
        (number, caption)
        for number, (animal, colour) in enumerate(product(ANIMALS, COLOURS))
        for caption in (f"A {colour} {animal} .", f"The {animal} is on a {colour} background .")
    ]
    lines = (f"{number}\t{caption}\n" for number, caption in captions)
    path.write_text("image\tcaption\n" + "".join(lines))
    return path


def write_to_measure_on(folder: Path) -> Path:
    """Write the whole set as captions.json beside images/; gives `folder`."""
    folder.mkdir(parents=True)
    every = _save_all(folder / "images")
    entries = [{"file": each.name, "captions": each.captions} for each in every]
    (folder / "captions.json").write_text(json.dumps(entries))
    return folder


def _rows(every: list[Drawing], *, splits: bool) -> Iterator[list[str]]:
    for drawing in every:
        for caption in drawing.captions:
            yield [drawing.name, caption, *([drawing.split] if splits else [])]


def _save_all(folder: Path) -> list[Drawing]:
    folder.mkdir()
    every = drawings()
    for drawing in every:
        drawing.save(folder)
    return every
