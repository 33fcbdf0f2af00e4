"""What a record takes the place of: the image's sidecar, else what is kept of a deleted one."""

import logging
from contextlib import suppress
from dataclasses import dataclass

from captioner.errors import ImageNotFound, RecordNotFound, RecordUnreadable, StoreConflict
from captioner.records import CaptionRecord
from captioner.store.image_store import ImageStore
from captioner.telemetry import Stage, stage

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Previous:
    """The record that there was of an image, None where there was none.

    `etag` is that of its sidecar, `kept` that of what is kept of a deleted image; one of them at
    most is there.
    """

    record: CaptionRecord | None = None
    etag: str | None = None
    kept: str | None = None

    @property
    def standing(self) -> CaptionRecord | None:
        """Give the record if it is the image's sidecar."""
        return None if self.etag is None else self.record


def previous_of(store: ImageStore, name: str) -> Previous:
    """Find what a record of an image takes the place of.

    Raises `RecordUnreadable` where that is a sidecar which is no record.
    """
    with suppress(RecordNotFound):
        record, etag = store.get_record(name)
        return Previous(record, etag=etag)
    try:
        record, kept = store.kept.read(name)
    except RecordNotFound:
        return Previous()
    except RecordUnreadable as fault:  # it stays, and the image has its captions all the same
        _log.error("%s", fault.message, extra={"image": name})
        return Previous()
    return Previous(record, kept=kept)


def replace(store: ImageStore, previous: Previous, record: CaptionRecord) -> bool:
    """Write a record in the place of what there was, and tell whether its image is there still.

    Raises `StoreConflict` where something else has taken that place.
    """
    with stage(Stage.STORE):
        return _replace(store, previous, record)


def _replace(store: ImageStore, previous: Previous, record: CaptionRecord) -> bool:
    name = record.image.name
    etag = store.put_record(record, previous.etag)
    if previous.etag is not None:
        return True  # who deletes an image, deletes its sidecar after it
    # While there was no sidecar, nobody who deleted the image could delete it.
    try:
        store.find_image(name)
    except ImageNotFound:
        with suppress(StoreConflict, RecordNotFound):  # a later one is another's to look after
            store.delete_record(name, etag)
        return False
    if previous.kept is not None:
        store.kept.delete(name, previous.kept)
    return True
