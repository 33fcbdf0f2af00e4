"""Is this harness right? Rows of Flickr8k's test split whose scores pycocoevalcap 1.2 gave."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from training.data.datasets import CaptionedImage
from training.evaluation.captioned import one_of_the_people
from training.metrics import METRICS, score

_TOLERANCE = 0.006  # percent: the known figures have two digits after the point
_CONSTANT = "a man in a red shirt is standing in front of a dog"


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
        f"{row.name}: {metric} is {found:.2f}, not {wanted:.2f}."
        for row in _rows(images)
        for metric, found, wanted in _compared(row)
        if abs(found - wanted) > _TOLERANCE
    ]


def _compared(row: _Row) -> Iterator[tuple[str, float, float]]:
    scores = score(row.references, row.captions)
    for metric, wanted in zip(METRICS, row.scores, strict=True):
        yield metric, getattr(scores, metric), wanted


def _rows(images: Sequence[CaptionedImage]) -> Iterator[_Row]:
    others, person = one_of_the_people(images)
    yield _Row(
        "each image's first caption against its others",
        {image.name: image.captions for image in others},
        person.captions,
        (63.64, 44.58, 30.55, 20.95, 25.00, 48.75, 78.86),
    )
    yield _Row(
        "one sentence for every image",
        {image.name: image.captions for image in images},
        {image.name: _CONSTANT for image in images},
        (43.58, 25.10, 14.05, 8.78, 13.05, 33.85, 12.42),
    )
