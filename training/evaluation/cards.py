"""Pictures with what was said of them, ready for a page: everything is in the page's one file."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from captioner.model.attention import AttendedWord, place_of
from training.data.datasets import CaptionedImage
from training.evaluation.captioned import Captioned
from training.evaluation.differences import Words
from training.evaluation.evaluation import Evaluation

_LARGE, _SMALL = (480, 360), (120, 120)  # pixels at most
_OVERLAY = 32  # pixels a side; the browser smooths it over the picture
_DARKEST = 215  # of 255, where the model did not look at all


@dataclass(frozen=True, slots=True)
class Said:
    """One captioner's caption of a picture, in parts where another's stands beside it."""

    parts: tuple[Words, ...]
    cider: str
    confidence: str
    made_up: str
    by: str = ""
    ahead: bool = False


@dataclass(frozen=True, slots=True)
class SeenWord:
    """A word, a veil over what the model did not look at for it, and where it looked most."""

    word: str
    overlay: str
    place: str


@dataclass(frozen=True, slots=True)
class Card:
    """One picture; `picture`, `small` and overlays are data URLs, `shape` its aspect ratio."""

    name: str
    picture: str
    small: str
    shape: str
    alt: str
    said: tuple[Said, ...]
    references: tuple[str, ...]
    looks: tuple[SeenWord, ...] = ()


def card(image: CaptionedImage, said: Sequence[Said], looks: Sequence[AttendedWord] = ()) -> Card:
    """Make a picture's card; its text alternative is what a person said first, or its name."""
    with Image.open(image.path) as opened:
        photograph = ImageOps.exif_transpose(opened).convert("RGB")
    return Card(
        name=image.name,
        picture=_jpeg(photograph, _LARGE),
        small=_jpeg(photograph, _SMALL) if looks else "",
        shape=f"{photograph.width} / {photograph.height}",
        alt=image.captions[0] if image.captions else image.name,
        said=tuple(said),
        references=image.captions,
        looks=tuple(SeenWord(word, _veil(grid), place_of(grid)) for word, grid in looks),
    )


def said_of(
    evaluation: Evaluation,
    row: int,
    *,
    parts: tuple[Words, ...] | None = None,
    by: str = "",
    ahead: bool = False,
) -> Said:
    """Give the caption of the image in this row, in these parts, and how it was measured."""
    name = evaluation.images[row].name
    return Said(
        parts=parts or (Words(evaluation.captioned.captions[name], differ=False),),
        cider=f"{evaluation.measurement.of_each('cider')[row]:.0f}",
        confidence=sureness_of(evaluation.captioned, name),
        made_up=", ".join(sorted(evaluation.made_up[row])),
        by=by,
        ahead=ahead,
    )


def sureness_of(captioned: Captioned, image: str) -> str:
    """Tell how sure a captioner is of an image's caption; "" where it does not tell."""
    sureness = captioned.confidences.get(image)
    return "" if sureness is None else f"{sureness:.2f}"


def _jpeg(photograph: Image.Image, size: tuple[int, int]) -> str:
    smaller = photograph.copy()
    smaller.thumbnail(size)
    return _data_url(smaller, "JPEG", quality=82, optimize=True)


def _veil(attention: NDArray[np.float32]) -> str:
    """Give black whose opacity falls with attention: clear where the model looked most."""
    share = attention / max(float(attention.max()), 1e-9)
    veil = Image.fromarray(np.uint8(np.round(_DARKEST * (1 - share))))
    veil = veil.resize((_OVERLAY, _OVERLAY), Image.Resampling.BICUBIC)
    black = Image.new("L", veil.size, 0)
    return _data_url(Image.merge("LA", (black, veil)), "PNG", optimize=True)


def _data_url(image: Image.Image, kind: str, **options: int | bool) -> str:
    content = io.BytesIO()
    image.save(content, kind, **options)
    encoded = base64.b64encode(content.getvalue()).decode()
    return f"data:image/{kind.lower()};base64,{encoded}"
