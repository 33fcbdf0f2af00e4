"""Deleting an image with all that was made of it, less what people wrote.

What they wrote is kept before anything is deleted, so that no crash loses it; a deletion that was
cut short is completed by another.
"""

import logging
from collections.abc import Callable
from contextlib import suppress

from captioner.curation.conflicts import Current, Expected, Outdated, anything
from captioner.curation.versions import has_words_of_people, remembering
from captioner.errors import ImageNotFound, RecordNotFound, RecordUnreadable, StoreConflict
from captioner.records import CaptionRecord
from captioner.store import ImageStore

_WRITES = 5  # tries to write or delete what others write too

_log = logging.getLogger(__name__)


class Deletion:
    """Deletes images; `forget` deletes what was made of one besides its record."""

    def __init__(self, store: ImageStore, forget: Callable[[str], None]) -> None:
        self._store = store
        self._forget = forget

    def delete(self, name: str, expected: Expected) -> None:
        """Delete an image whose record is as expected; raises as `Curation.delete` does."""
        kept = self._keep(name, expected)
        try:
            self._store.delete_image(name)
        except ImageNotFound:
            if kept is None:
                self._forget(name)
                raise
        self._delete_sidecar(name, kept)
        self._forget(name)

    def _delete_sidecar(self, name: str, kept: str | None) -> None:
        """Delete the sidecar of an image that is gone; `kept` is the version that is kept."""
        for _ in range(_WRITES):
            if kept is not None:
                with suppress(StoreConflict, RecordNotFound):
                    self._store.delete_record(name, kept)
                    return
            if self._is_there(name):  # again: whoever captions it has the sidecar now
                return
            kept = self._keep(name)
            if kept is None:
                return
        raise StoreConflict(f"The record of '{name}' is written by too many at once.")

    def _keep(self, name: str, expected: Expected = anything) -> str | None:
        """Keep what people wrote in a sidecar, and give its ETag; None where there is none.

        Raises `Outdated` where that is not the version expected.
        """
        try:
            record, etag = self._store.get_record(name)
        except RecordNotFound:
            if expected(""):
                return None
            raise Outdated(None) from None
        except RecordUnreadable:
            return self._keep_bytes(name, expected)
        if not expected(etag):
            raise Outdated(Current(etag, record.alt_text))
        if has_words_of_people(record):
            self._keep_record(record)
        return etag

    def _keep_bytes(self, name: str, expected: Expected) -> str:
        """Keep a sidecar that is no record: there is no telling what people wrote in it."""
        data, etag = self._store.read_sidecar(name)
        if not expected(etag):
            raise Outdated(Current(etag, alt_text=None))
        blob = self._store.kept.put_aside(name, data)
        _log.warning("The sidecar of %r is no record; kept as '%s'", name, blob)
        return etag

    def _keep_record(self, record: CaptionRecord) -> None:
        name = record.image.name
        for _ in range(_WRITES):
            etag = None
            try:
                before, etag = self._store.kept.read(name)
                record = remembering(record, before)
            except RecordNotFound:
                pass
            except RecordUnreadable:
                self._store.kept.put_record_aside(name)
            with suppress(StoreConflict):
                self._store.kept.write(record, etag)
                return
        raise StoreConflict(f"The record of '{name}' is kept by too many at once.")

    def _is_there(self, name: str) -> bool:
        try:
            self._store.find_image(name)
        except ImageNotFound:
            return False
        return True
