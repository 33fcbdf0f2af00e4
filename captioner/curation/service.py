"""Publishing texts and deleting images; two people at once never lose each other's words."""

from collections.abc import Callable
from contextlib import suppress

from captioner.captioning import CaptioningService
from captioner.curation.conflicts import Current, Expected, Outdated, anything
from captioner.curation.deletion import Deletion
from captioner.curation.publishing import handed_back, published
from captioner.curation.texts import publishable
from captioner.curation.versions import History, versions_of
from captioner.errors import NothingKept, RecordNotFound, StoreConflict
from captioner.records import CaptionRecord, now
from captioner.store import ImageStore

_WRITES = 5  # tries to write a sidecar that others write too


class Curation:
    """Does with records what people decide; safe to share between threads.

    `forget` deletes what was made of an image besides its record. Every method may raise
    `StoreError`, or `InvalidRequest` for a name that no image can have.
    """

    def __init__(
        self,
        store: ImageStore,
        captioning: CaptioningService,
        *,
        forget: Callable[[str], None],
    ) -> None:
        self._store = store
        self._captioning = captioning
        self._deletion = Deletion(store, forget)

    def publish(
        self, name: str, text: str, *, expected: Expected, by: str | None = None
    ) -> tuple[CaptionRecord, str]:
        """Publish a text with an image, and give its record and the ETag that it has then.

        `by` is who decided so, where that is known. Raises `InvalidRequest` for a text that is not
        fit, `RecordNotFound`, or `Outdated`.
        """
        line = publishable(text)
        return self._edit(name, expected, lambda record: published(record, line, by=by, at=now()))

    def hand_back(self, name: str, *, expected: Expected) -> tuple[CaptionRecord, str]:
        """Let the captioners propose the text again.

        Gives what `publish` does; raises `RecordNotFound` or `Outdated`.
        """

        def change(record: CaptionRecord) -> CaptionRecord:
            return handed_back(record, self._captioning.propose(record.captions), at=now())

        return self._edit(name, expected, change)

    def history(self, name: str) -> History:
        """Give the texts that an image has had, or those that are kept of one that was deleted.

        Raises `NothingKept`.
        """
        with suppress(RecordNotFound):
            record, _ = self._store.get_record(name)
            return History(name, deleted=False, versions=versions_of(record))
        try:
            record, _ = self._store.kept.read(name)
        except RecordNotFound:
            raise NothingKept(
                f"There is no record of '{name}', and no text is kept of it; check the name."
            ) from None
        return History(name, deleted=True, versions=versions_of(record))

    def delete(self, name: str, *, expected: Expected = anything) -> None:
        """Delete an image with all that was made of it, and keep what people wrote.

        Raises `ImageNotFound` where there is neither image nor record, or `Outdated`. Once the
        image is gone no edit stops it any more: that is kept too.
        """
        self._deletion.delete(name, expected)

    def _edit(
        self,
        name: str,
        expected: Expected,
        change: Callable[[CaptionRecord], CaptionRecord],
    ) -> tuple[CaptionRecord, str]:
        changed = None
        for _ in range(_WRITES):
            record, etag = self._store.get_record(name)
            if record == changed:  # it was written; only the answer was lost, and it was sent again
                return record, etag
            if not expected(etag):
                raise Outdated(Current(etag, record.alt_text))
            changed = change(record)
            if changed is record:
                return record, etag
            with suppress(StoreConflict):
                return changed, self._store.put_record(changed, etag)
        raise StoreConflict(f"The record of '{name}' is written by too many at once.")
