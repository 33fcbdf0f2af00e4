"""Records as captioners and people make them, for tests of what is done with records."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from captioner.entries import Change, entry_of
from captioner.records import AltText, Caption, CaptionRecord, ImageFacts, ModelName, Tag

BEGAN = datetime(2026, 11, 23, 10, tzinfo=UTC)


def record_of(
    name: str,
    captions: Mapping[str, str] | None = None,
    *,
    alt_text: str | None = None,
    status: Any = "machine",
    tags: Sequence[str] = (),
    updated: datetime = BEGAN,
    **fields: Any,
) -> CaptionRecord:
    """Give a record with these captions by their captioners; the first is the alt text."""
    captions = captions or {}
    text = alt_text or next(iter(captions.values()), None)
    return CaptionRecord(
        image=ImageFacts(name=name, content_type="image/jpeg", width=40, height=30),
        captions=tuple(
            Caption(
                source=source,
                text=said,
                confidence=0.5,
                language="en",
                model=ModelName("scripted", "1"),
                tags=tuple(Tag(tag, None) for tag in tags),
                elapsed_ms=1.0,
                created=BEGAN,
            )
            for source, said in captions.items()
        ),
        alt_text=None if text is None else AltText(text, "onnx", status, None, updated),
        problems=(),
        created=BEGAN,
        updated=updated,
        **fields,
    )


def change_of(record: CaptionRecord, version: int = 1, *, replaces: int | None = None) -> Change:
    """Give the change that a sidecar's version makes; versions follow each other by a second."""
    return Change(
        name=record.image.name,
        etag=f'"{version}"',
        modified=BEGAN + timedelta(seconds=version),
        replaces=None if replaces is None else f'"{replaces}"',
        entry=entry_of(record),
    )


def gone(name: str, version: int = 1) -> Change:
    """Give the change that the deletion of a sidecar's version makes."""
    return Change(name=name, etag=f'"{version}"', modified=BEGAN + timedelta(seconds=version))
