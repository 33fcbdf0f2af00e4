"""Lists of the images, and how captions fared with people, from the catalogue on local disk.

The file is one of its own beside that of search: lists wait neither for an index of words to be
built, which takes many times as long, nor while it is written.
"""

from captioner.collection.answers import (
    LAST_LISTED,
    MOST_LISTED,
    CalibrationBin,
    CaptionerQuality,
    CollectionCounts,
    ImagePage,
    MonthQuality,
    Quality,
    Sort,
)
from captioner.collection.collection import Collection
from captioner.collection.filters import Filters
from captioner.collection.kinds import Kind

__all__ = [
    "LAST_LISTED",
    "MOST_LISTED",
    "CalibrationBin",
    "CaptionerQuality",
    "Collection",
    "CollectionCounts",
    "Filters",
    "ImagePage",
    "Kind",
    "MonthQuality",
    "Quality",
    "Sort",
]
