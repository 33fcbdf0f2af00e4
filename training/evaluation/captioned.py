"""Captions of a set of images by one captioner, whoever it is, and their file.

The file is JSON Lines, one image a line; a captioner without confidences leaves them out or null:

    {"image": "attic/mezzetin.jpg", "caption": "a man plays a guitar", "confidence": 0.71}
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from captioner.errors import CaptionerError
from training.data.datasets import CaptionedImage


class CaptionsInvalid(CaptionerError):
    """The captions are not those of the images, or cannot be read."""

    code = "captions_invalid"
    permanent = True


class _Line(Struct, omit_defaults=True):
    image: str
    caption: str
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None


@dataclass(frozen=True, slots=True)
class Captioned:
    """What one captioner says of each image, by the image's name, and how sure it is."""

    name: str
    captions: Mapping[str, str]
    confidences: Mapping[str, float] = field(default_factory=dict)
    """Of every image; empty where the captioner does not tell."""
    beam_size: int | None = None
    milliseconds: float | None = None
    """Mean time of one picture, decoded before, in batches."""

    def of(self, images: Iterable[str]) -> "Captioned":
        """Keep these images, in this order; raises `CaptionsInvalid` where one has no caption."""
        wanted = list(images)
        missing = [image for image in wanted if image not in self.captions]
        if missing:
            raise CaptionsInvalid(
                f"{self.name} has no caption for {len(missing)} of {len(wanted)} images, among "
                f"them {', '.join(missing[:3])}: caption them too, or choose another split."
            )
        known = self.confidences.keys() >= set(wanted)
        return replace(
            self,
            captions={image: self.captions[image] for image in wanted},
            confidences={image: self.confidences[image] for image in wanted} if known else {},
        )

    def sureness(self) -> NDArray[np.float64] | None:
        """Give the confidences [images] in the order of `captions`; None where not all are told."""
        if not self.confidences:
            return None
        return np.array([self.confidences[image] for image in self.captions])


def one_of_the_people(
    images: Iterable[CaptionedImage],
) -> tuple[tuple[CaptionedImage, ...], Captioned]:
    """Give each image with its captions but the first, and that one as a captioner's.

    It shows what a measure gives to people, who are held against one reference fewer. Images with a
    single caption are left out.
    """
    several = [image for image in images if len(image.captions) > 1]
    others = tuple(replace(image, captions=image.captions[1:]) for image in several)
    return others, Captioned("people", {image.name: image.captions[0] for image in several})


def read_captions(path: Path) -> Captioned:
    """Read a file of captions, named after it.

    Raises `CaptionsInvalid` that names the line at fault.
    """
    captions: dict[str, str] = {}
    confidences: dict[str, float] = {}
    try:
        lines = path.read_bytes().splitlines()
    except OSError as fault:
        raise CaptionsInvalid(f"{path} cannot be read: {fault.strerror}.") from None
    for number, content in enumerate(lines, 1):
        if not content.strip():
            continue
        try:
            line = msgspec.json.decode(content, type=_Line)
        except msgspec.DecodeError as fault:
            raise CaptionsInvalid(f"{path}, line {number}: {fault}.") from None
        if line.image in captions:
            raise CaptionsInvalid(f"{path}, line {number}: {line.image} has a caption already.")
        captions[line.image] = line.caption
        if line.confidence is not None:
            confidences[line.image] = line.confidence
    if not captions:
        raise CaptionsInvalid(f"{path} holds no caption.")
    return Captioned(path.stem, captions, confidences)


def write_captions(captioned: Captioned, path: Path) -> None:
    """Write captions as `read_captions` reads them."""
    lines = (
        _Line(image, caption, captioned.confidences.get(image))
        for image, caption in captioned.captions.items()
    )
    path.write_bytes(msgspec.json.Encoder().encode_lines(lines))
