"""Is this harness right? Rows of Flickr8k's test split whose scores pycocoevalcap 1.2 gave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from training.data.datasets import CaptionedImage
from training.metrics import METRICS, score

_TOLERANCE = 0.051  # percent: the known figures have three digits


@dataclass(frozen=True, slots=True)
class _Row:
    """Captions and references by image, and their scores in the order of `METRICS`, percent."""

    name: str
    references: Mapping[str, Sequence[str]]
    captions: Mapping[str, str]
    scores: tuple[float, ...]


def deviations(images: Sequence[CaptionedImage]) -> list[str]:
    """Measure the known rows on Flickr8k's test images; give a sentence for each that is off."""
    return [
        f"{row.name}: {metric} is {found:.2f}, not {wanted:.1f}."
        for row in _rows(images)
        for metric, found, wanted in _compared(row)
        if abs(found - wanted) > _TOLERANCE
    ]


def _compared(row: _Row) -> Iterator[tuple[str, float, float]]:
    scores = score(row.references, row.captions)
    for metric, wanted in zip(METRICS, row.scores, strict=True):
        yield metric, getattr(scores, metric), wanted


def _rows(images: Sequence[CaptionedImage]) -> Iterator[_Row]:
    yield _Row(
        "each image's first caption against its others",
        {image.name: image.captions[1:] for image in images},
        {image.name: image.captions[0] for image in images},
        (63.6, 44.6, 30.6, 21.0, 25.0, 48.8, 78.9),
    )
