"""What the collection tells: pages of its images, counts, and figures of quality."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from captioner.entries import Entry, Facet
from captioner.records import Confidence, Count, ModelName, Share

MOST_LISTED = 200
"""Images in one answer."""
LAST_LISTED = 1_000_000
"""How far into a list one may look."""

type Sort = Literal["newest", "updated", "name", "review"]


class CollectionCounts(Struct, frozen=True):
    """How many images there are: all, by what has to be done with them, and by what they have.

    `pending` are those behind whose alt text no person stands, or whose alt text is `stale`.
    """

    all: Count
    pending: Count
    stale: Count
    status: tuple[Facet, ...]
    problems: tuple[Facet, ...]


class ImagePage(Struct, frozen=True):
    """Some of the images that fit the filters.

    `total` counts all that do; `counts` are of every image under the prefix.
    """

    total: Count
    offset: Count
    limit: Annotated[int, Meta(ge=1)]
    images: tuple[Entry, ...]
    counts: CollectionCounts


class MonthQuality(Struct, frozen=True):
    """How one model's captions fared with people in one month, `YYYY-MM` in UTC."""

    month: Annotated[str, Meta(pattern=r"^\d{4}-\d{2}$")]
    judged: Count
    proposed: Count
    approved: Count
    mean_distance: Share


class CalibrationBin(Struct, frozen=True, kw_only=True, rename={"start": "from", "end": "to"}):
    """Of the captions proposed with a confidence in a tenth of its range, those approved.

    The tenth begins at `start` and ends before `end`, the last one with 1 itself.
    """

    start: Confidence
    end: Confidence
    proposed: Annotated[int, Meta(ge=1)]
    mean_confidence: Confidence
    approved: Count


class CaptionerQuality(Struct, frozen=True, kw_only=True):
    """How one model's captions fared with people.

    `judged` are the captions that people had before them, `proposed` those of them that were the
    alt text until then, `approved` those of these that were published untouched. `mean_distance`
    is the share of words that lie between what was judged and what was published.
    """

    source: str
    model: ModelName
    judged: Count
    proposed: Count
    approved: Count
    mean_distance: Share
    months: tuple[MonthQuality, ...]
    calibration: tuple[CalibrationBin, ...]


class Quality(Struct, frozen=True):
    """How captions fared with people.

    `reviewed` are images behind whose alt text a person stands; `brought` are those whose alt text
    came with the image, and `stale` those whose alt text is of an image since replaced: neither is
    among the reviewed, nor in any figure.
    """

    reviewed: Count
    brought: Count
    stale: Count
    captioners: tuple[CaptionerQuality, ...]
