"""Records as a table (RFC 4180) that spreadsheets open, and as lines of JSON."""

import csv
import io
from datetime import datetime
from typing import Final, get_args

from msgspec import UNSET, UnsetType

from captioner.captioning import CaptionerName
from captioner.exports.texts import language_of
from captioner.records import CaptionRecord, to_json

_CAPTIONERS: Final[tuple[str, ...]] = get_args(CaptionerName)
_MARK = "\ufeff".encode()  # without it Excel takes UTF-8 for the code page of its machine
# What spreadsheets take for the beginning of a formula, full-width forms included.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001

COLUMNS: Final = (
    "name",
    "url",
    "alt_text",
    "status",
    "source",
    "by",
    "updated",
    "stale",
    "language",
    "needs_review",
    "agreement",
    *(
        source.replace("-", "_") + ending
        for source in _CAPTIONERS
        for ending in ("", "_confidence")
    ),
    "tags",
    "descriptions",
    "problems",
    "width",
    "height",
    "content_type",
    "sha256",
)


class Table:
    """CSV in UTF-8 with a byte order mark and a header row; later parts have neither.

    A cell that a spreadsheet would take for a formula has an apostrophe before it.
    """

    def __init__(self, *, first: bool = True) -> None:
        self._first = first

    def begin(self) -> bytes:
        return _MARK + _row(COLUMNS) if self._first else b""

    def add(self, record: CaptionRecord) -> bytes:
        return _row([_harmless(cell) for cell in _cells(record)])

    def end(self) -> bytes:
        return b""


class Lines:
    """One record a line."""

    def begin(self) -> bytes:
        return b""

    def add(self, record: CaptionRecord) -> bytes:
        return to_json(record) + b"\n"

    def end(self) -> bytes:
        return b""


def _cells(record: CaptionRecord) -> list[str]:
    facts, alt_text = record.image, record.alt_text
    return [
        facts.name,
        _told(facts.url),
        *(
            ("", "none", "", "", "", "")
            if alt_text is None
            else (
                alt_text.text,
                alt_text.status,
                alt_text.source,
                _told(alt_text.by),
                _told(alt_text.updated),
                _told(alt_text.stale is True),
            )
        ),
        _told(language_of(record)),
        _told(record.needs_review),
        _told(record.agreement),
        *(cell for source in _CAPTIONERS for cell in _caption(record, source)),
        "; ".join(_tags(record)),
        _descriptions(record),
        "; ".join(dict.fromkeys(problem.code for problem in record.problems)),
        _told(facts.width),
        _told(facts.height),
        _told(facts.content_type),
        _told(facts.sha256),
    ]


def _caption(record: CaptionRecord, source: str) -> tuple[str, str]:
    caption = record.caption_by(source)
    return (caption.text, _told(caption.confidence)) if caption else ("", "")


def _tags(record: CaptionRecord) -> dict[str, None]:
    return dict.fromkeys(
        tag.name for caption in record.captions for tag in caption.tags or () if tag.name
    )


def _descriptions(record: CaptionRecord) -> str:
    """Give what came with the image, a line for each, with where it stood."""
    if record.descriptions is UNSET:
        return ""
    return "\n".join(f"{each.origin}: {each.text}" for each in record.descriptions)


def _told(value: str | float | datetime | UnsetType | None) -> str:
    """Write a value as JSON has it; nothing where there is none."""
    match value:
        case None | UnsetType():
            return ""
        case bool():
            return "true" if value else "false"
        case datetime():
            return value.isoformat()
        case _:
            return str(value)


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(cells: tuple[str, ...] | list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().encode()
