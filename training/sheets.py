"""What goes on a contact sheet: pictures, the bundle's captions, and what people said."""

from collections.abc import Sequence
from pathlib import Path

from captioner.images import decode
from captioner.model.bundle import Bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from training.data.datasets import CaptionedImage
from training.samples import free_photographs

Entry = tuple[Path, Sequence[str]]
_MAX_BYTES, _MAX_PIXELS = 2**28, 250_000_000


def free_entries(bundle: Bundle) -> list[Entry]:
    """Caption the freely licensed photographs that come with scikit-image."""
    photographs = free_photographs()
    captions = _captions(bundle, [photograph.path for photograph in photographs])
    return [
        (photograph.path, (caption, photograph.terms))
        for photograph, caption in zip(photographs, captions, strict=True)
    ]


def dataset_entries(bundle: Bundle, images: Sequence[CaptionedImage], count: int) -> list[Entry]:
    """Caption `count` images spread evenly over a split, each beside what a person said first."""
    chosen = images[:: max(1, len(images) // count)][:count]
    captions = _captions(bundle, [image.path for image in chosen])
    return [
        (image.path, (caption, f"person: {image.captions[0]}"))
        for image, caption in zip(chosen, captions, strict=True)
    ]


def _captions(bundle: Bundle, paths: Sequence[Path]) -> list[str]:
    pictures = [
        decode(path.read_bytes(), max_bytes=_MAX_BYTES, max_pixels=_MAX_PIXELS) for path in paths
    ]
    return [
        f"{caption.text} ({caption.confidence:.2f})"
        for caption in OnnxCaptioner(bundle, alternatives=0).caption(pictures)
    ]
