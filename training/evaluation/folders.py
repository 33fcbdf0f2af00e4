"""Captions of a folder of images that nobody has captioned."""

import logging
from collections.abc import Sequence
from itertools import batched
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.progress import track

from captioner.errors import CaptionerError, ImageError
from captioner.images import HEAD_BYTES, Picture, content_type_of, decode
from captioner.model.bundle import Bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from training.data.datasets import CaptionedImage
from training.evaluation.captioned import Captioned
from training.evaluation.captioning import BundleModel

_BATCH = 8
_MAX_BYTES, _MAX_PIXELS = 2**28, 250_000_000

_log = logging.getLogger(__name__)


class ImagesMissing(CaptionerError):
    """There is nothing to caption."""

    code = "images_missing"
    permanent = True


def images_in(folder: Path) -> list[CaptionedImage]:
    """Give the images anywhere in a folder, by path, without captions.

    What cannot be decoded is left out, and told in a warning. Raises `ImagesMissing` where nothing
    is left.
    """
    found = []
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        with path.open("rb") as file:
            if content_type_of(file.read(HEAD_BYTES)) is None:
                continue
        name = path.relative_to(folder).as_posix()
        try:
            _decoded(path)
        except ImageError as fault:
            _log.warning("%s is left out: %s", name, fault.message)
        else:
            found.append(CaptionedImage(name, path, ()))
    if not found:
        raise ImagesMissing(f"There is no image in {folder} that can be read: name another folder.")
    return found


def caption_images(bundle: Bundle, images: Sequence[CaptionedImage]) -> Captioned:
    """Caption images with a bundle, as the app does."""
    captioner = OnnxCaptioner(bundle, alternatives=0)
    captions, confidences = {}, {}
    began = perf_counter()
    progress = track(
        list(batched(images, _BATCH, strict=False)),
        "captioning",
        console=Console(stderr=True),
        transient=True,
    )
    for batch in progress:
        said = captioner.caption([_decoded(image.path) for image in batch])
        for image, caption in zip(batch, said, strict=True):
            captions[image.name] = caption.text
            if caption.confidence is not None:
                confidences[image.name] = caption.confidence
    return Captioned(
        name=BundleModel(bundle, bundle.manifest.beam.beam_size).name,
        captions=captions,
        confidences=confidences,
        milliseconds=1000 * (perf_counter() - began) / len(images),
    )


def _decoded(path: Path) -> Picture:
    return decode(path.read_bytes(), max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS)
