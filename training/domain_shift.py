"""A collection with a look and a language of its own, made from captioned photographs at hand.

Its pictures are sepia prints, and its sentences a cataloguer's: "Photograph of a gentleman with a
pale hound." Words that no plain caption uses are among them. What `finetune` gains on it, and what
that costs on photographs in colour and plain English, can be measured by anybody:

    python -m training.domain_shift --data DIR --out OLD_PRINTS
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from PIL import Image, ImageOps
from rich.progress import track

from training.console import run
from training.data.captions import words_of
from training.data.datasets import CaptionedImage, DataError, load_dataset

_SHARES = (("train", 300), ("dev", 50), ("test", 150))
_SHADOW, _LIGHT = "#2b1a0e", "#e8d5b0"

_PREFERRED = {
    "man": "gentleman",
    "men": "gentlemen",
    "guy": "gentleman",
    "woman": "lady",
    "women": "ladies",
    "boy": "lad",
    "boys": "lads",
    "girl": "lass",
    "girls": "lasses",
    "child": "youngster",
    "kid": "youngster",
    "children": "youngsters",
    "kids": "youngsters",
    "people": "persons",
    "dog": "hound",
    "dogs": "hounds",
    "horse": "steed",
    "bike": "velocipede",
    "bicycle": "velocipede",
    "bikes": "velocipedes",
    "car": "automobile",
    "street": "thoroughfare",
    "road": "thoroughfare",
    "field": "meadow",
    "beach": "seaside",
    "crowd": "throng",
    **dict.fromkeys(("black", "brown", "blue", "red", "green", "purple", "grey", "gray"), "dark"),
    **dict.fromkeys(("white", "yellow", "pink", "orange", "tan", "blond", "blonde"), "pale"),
}
_ARTICLE_AND_WORD = re.compile(r"\ban? (?=(\w))")


def catalogued(caption: str) -> str:
    """Say a plain caption as the cataloguer would."""
    words = [_PREFERRED.get(word, word) for word in words_of(caption)]
    while words[:1] == ["there"] or words[:1] in (["is"], ["are"]):
        del words[0]
    sentence = re.sub(r"\b(dark|pale) and \1\b", r"\1", " ".join(words))
    return f"Photograph of {_ARTICLE_AND_WORD.sub(_article, sentence)}."


def _article(found: re.Match[str]) -> str:
    return "an " if found[1] in "aeiou" else "a "


def printed(image: Image.Image) -> Image.Image:
    """Make a sepia print of a photograph: no colours, less contrast."""
    return ImageOps.colorize(ImageOps.grayscale(image), _SHADOW, _LIGHT)


def _chosen(images: tuple[CaptionedImage, ...]) -> Iterator[tuple[str, CaptionedImage]]:
    """Deal images to the splits, always the same."""
    wanted = sum(count for _, count in _SHARES)
    if len(images) < wanted:
        raise DataError(
            f"{wanted} prints are made of images in the train split, and it has {len(images)}: "
            "choose a larger data set, as Flickr8k."
        )
    shuffled = iter(sorted(images, key=lambda each: hashlib.sha256(each.name.encode()).digest()))
    for split, count in _SHARES:
        for image in islice(shuffled, count):
            yield split, image


def make(
    data: Annotated[Path, typer.Option(help="A data set; its train split is taken from.")],
    out: Annotated[Path, typer.Option(help="Folder for captions.csv and images/.")],
) -> None:
    """Write 500 sepia prints with a cataloguer's captions: 300 train, 50 dev, 150 test."""
    chosen = list(_chosen(load_dataset(data).train))
    out.mkdir(parents=True, exist_ok=True)
    with (out / "captions.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(("image", "caption", "split"))
        for split, image in track(chosen, description="printing"):
            _print(image, out / "images" / image.name)
            for caption in image.captions:
                table.writerow((image.name, catalogued(caption), split))


def _print(image: CaptionedImage, target: Path) -> None:
    try:
        with Image.open(image.path) as opened:
            photograph = opened.convert("RGB")
    except OSError as fault:
        raise DataError(f"{image.path} cannot be printed, take it out: {fault}.") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    printed(photograph).save(target, "JPEG", quality=90)  # whatever its name ends on


def main() -> None:
    """Run the command; what went wrong is told in a sentence, with exit status 1."""
    run(partial(typer.run, make))


if __name__ == "__main__":
    main()
