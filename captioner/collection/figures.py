"""How captions fared with people, summed up as reviews come and go.

`figure` has a row for each model, month and tenth of confidence. Its sums are of whole numbers, so
that what is taken out of them leaves nothing behind.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC
from itertools import groupby
from typing import NamedTuple

from msgspec import UNSET

from captioner.collection.answers import CalibrationBin, CaptionerQuality, MonthQuality
from captioner.entries import Entry, EntryReview
from captioner.records import ModelName

_UNIT = 10_000  # of distances and confidences: four digits count of each, three of their means
_BINS = 10
_NO_BIN = -1  # of what was not proposed, or without a confidence

_TABLE = """
    CREATE TABLE IF NOT EXISTS figure (
        source TEXT, model TEXT, version TEXT, month TEXT, bin INTEGER,
        judged INTEGER NOT NULL, proposed INTEGER NOT NULL, approved INTEGER NOT NULL,
        distance INTEGER NOT NULL, confidence INTEGER NOT NULL,
        PRIMARY KEY (source, model, version, month, bin)
    ) WITHOUT ROWID
"""


_ADD = """
    INSERT INTO figure VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET
        judged = judged + excluded.judged, proposed = proposed + excluded.proposed,
        approved = approved + excluded.approved, distance = distance + excluded.distance,
        confidence = confidence + excluded.confidence
"""


class _Key(NamedTuple):
    source: str
    model: str
    version: str
    month: str
    bin: int


class _Sums(NamedTuple):
    judged: int = 0
    proposed: int = 0
    approved: int = 0
    distance: int = 0
    confidence: int = 0

    def plus(self, others: "_Sums", sign: int = 1) -> "_Sums":
        return _Sums(*(own + sign * other for own, other in zip(self, others, strict=True)))

    @property
    def mean_distance(self) -> float:
        return round(self.distance / self.judged / _UNIT, 3)


class Tally:
    """Reviews that come and go, summed up."""

    def __init__(self) -> None:
        self._sums: defaultdict[_Key, _Sums] = defaultdict(_Sums)

    def take(self, entry: Entry, sign: int) -> None:
        """Count an image's reviews, or take them away where `sign` is -1.

        Those of a stale text count nothing: it is another image's.
        """
        if entry.alt_text is None or entry.alt_text.stale:
            return
        decided = entry.updated if entry.alt_text.updated is UNSET else entry.alt_text.updated
        month = f"{decided.astimezone(UTC):%Y-%m}"
        for review in entry.reviews:
            key = _Key(review.source, review.model.name, review.model.version, month, _bin(review))
            self._sums[key] = self._sums[key].plus(_sums(review), sign)

    def rows(self) -> list[tuple[str | int, ...]]:
        """Give what is to be added to the table."""
        return [(*key, *sums) for key, sums in self._sums.items() if any(sums)]


class Figures:
    """The table, over one connection; the caller commits."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def prepare(self) -> None:
        """Make the table where it is missing."""
        self._connection.execute(_TABLE)

    def clear(self) -> None:
        """Forget everything."""
        self._connection.execute("DELETE FROM figure")

    def add(self, tally: Tally) -> None:
        """Take in what has come and gone."""
        self._connection.executemany(_ADD, tally.rows())
        self._connection.execute("DELETE FROM figure WHERE judged <= 0")

    def captioners(self) -> tuple[CaptionerQuality, ...]:
        """Give the figures of each model, by its captioner and name; those judged most first."""
        rows = self._connection.execute("SELECT * FROM figure ORDER BY 1, 2, 3, 4 DESC, 5")
        figures = [(_Key(*row[:5]), _Sums(*row[5:])) for row in rows]
        found = [_quality(list(group)) for _, group in groupby(figures, lambda each: each[0][:3])]
        return tuple(sorted(found, key=lambda each: -each.judged))


type _Figure = tuple[_Key, _Sums]


def _quality(figures: Sequence[_Figure]) -> CaptionerQuality:
    key, total = figures[0][0], _total(figures)
    by_month = groupby(figures, lambda each: each[0].month)
    by_bin = groupby(sorted(figures, key=lambda each: each[0].bin), lambda each: each[0].bin)
    return CaptionerQuality(
        source=key.source,
        model=ModelName(key.model, key.version),
        judged=total.judged,
        proposed=total.proposed,
        approved=total.approved,
        mean_distance=total.mean_distance,
        months=tuple(_month(month, _total(list(group))) for month, group in by_month),
        calibration=tuple(
            _calibration(place, _total(list(group))) for place, group in by_bin if place != _NO_BIN
        ),
    )


def _month(month: str, total: _Sums) -> MonthQuality:
    return MonthQuality(month, total.judged, total.proposed, total.approved, total.mean_distance)


def _calibration(place: int, total: _Sums) -> CalibrationBin:
    return CalibrationBin(
        start=place / _BINS,
        end=(place + 1) / _BINS,
        proposed=total.proposed,
        mean_confidence=round(total.confidence / total.proposed / _UNIT, 3),
        approved=total.approved,
    )


def _total(figures: Sequence[_Figure]) -> _Sums:
    total = _Sums()
    for _, sums in figures:
        total = total.plus(sums)
    return total


def _bin(review: EntryReview) -> int:
    if not review.proposed or review.confidence is None:
        return _NO_BIN
    return min(int(review.confidence * _BINS), _BINS - 1)


def _sums(review: EntryReview) -> _Sums:
    return _Sums(
        judged=1,
        proposed=int(review.proposed),
        approved=int(review.approved),
        distance=round(review.distance * _UNIT),
        confidence=0 if _bin(review) == _NO_BIN else round((review.confidence or 0) * _UNIT),
    )
