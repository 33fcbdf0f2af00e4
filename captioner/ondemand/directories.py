"""Images in a directory that a SAS URI opens, and the records that are kept beside them."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeGuard

import msgspec
from msgspec import UNSET

from captioner.captioning import Captioned, Image, inherit
from captioner.errors import (
    CaptionerError,
    RecordNotFound,
    RecordUnreadable,
    SaveRefused,
    StoreConflict,
    WishError,
)
from captioner.ondemand.asked import OneDirectory
from captioner.ondemand.wanted import Answered
from captioner.records import CaptionRecord, ImageFacts, Problem, now
from captioner.sources import Directory, Sources
from captioner.store import ImageEntry, ImageStore
from captioner.telemetry import Stage, stage

SAVE = "save"  # the source of a problem with keeping the record

_WRITES = 5  # tries to write a record that others write too
_PAGE = 1000
_MOST_PAGES = 10

type IsComplete = Callable[[CaptionRecord, str], bool]
"""Whether a record needs no new captions for the version of the image with this ETag."""


def opened(asked: OneDirectory, sources: Sources, store: ImageStore) -> Directory:
    """Open the directory that is asked for; nothing is sent yet.

    Raises `UrlError`, `SasError`, or `SaveRefused` where records would be kept among our own.
    """
    directory = sources.directory(asked.directory)
    place = directory.place
    if asked.save and store.owns(place.account, place.container):
        raise SaveRefused(
            f"No records are saved in '{place.container}', which is the app's own: leave 'save' "
            "out, or have the records of its images made by a job with 'backfill'."
        )
    return directory


def images_in(directory: Directory, most: int) -> list[ImageEntry] | None:
    """List a directory's images; None where there are more than `most`, or too much beside them.

    No more is listed than it takes to know. Raises as `Directory.page` does.
    """
    images: list[ImageEntry] = []
    token = None
    for _ in range(_MOST_PAGES):
        page = directory.page(token, size=_PAGE)
        images += page.images
        token = page.next
        if len(images) > most:
            return None
        if token is None:
            return images
    return None


@dataclass(frozen=True, slots=True)
class Listed(Answered):
    """An image in a directory, whose record is answered, and that is all."""

    directory: Directory
    entry: ImageEntry

    @property
    def facts(self) -> ImageFacts:
        return self.directory.facts_of(self.entry)

    @property
    def size(self) -> int:
        return self.entry.size

    @property
    def is_here(self) -> bool:
        return False

    def fetch(self) -> Image:
        download = self.directory.fetch(self.entry.name)
        return Image(download.facts, download.data, alt_text=download.alt_text)


@dataclass(slots=True)
class Kept:
    """An image in a directory, whose record is kept beside it as `<name>.json`.

    A record that is complete is answered as it is. Another is completed, with what people wrote
    there, and only ever written over the version that was read. What keeps it from being written is
    a problem in the answer. A record is not written for an image that could not be had, and does
    not hold what this one request asked in vain.
    """

    directory: Directory
    entry: ImageEntry
    is_complete: IsComplete
    _found: tuple[CaptionRecord | None, str | None] = field(default=(None, None), init=False)
    _hindrance: RecordUnreadable | None = field(default=None, init=False)

    @property
    def facts(self) -> ImageFacts:
        return self.directory.facts_of(self.entry)

    @property
    def size(self) -> int:
        return self.entry.size

    @property
    def is_here(self) -> bool:
        return False

    def fetch(self) -> Image | Captioned:
        # The record first: whoever captions a later image changes the record too, so that it
        # cannot be written over by that of an older one.
        try:
            self._found = self._record()
        except RecordUnreadable as fault:
            self._hindrance = fault
        previous, _ = self._found
        if self._suffices(previous, self.entry.etag):
            return Captioned(previous, {})
        download = self.directory.fetch(self.entry.name)
        return Image(download.facts, download.data, previous, download.alt_text)

    def settle(self, captioned: Captioned) -> Captioned:
        answer = _worth_asking_again(captioned)
        try:
            if self._hindrance is not None:
                raise self._hindrance
            with stage(Stage.STORE):
                return self._write(answer)
        except CaptionerError as fault:
            return _not_kept(_inheriting(answer, self._found[0]), fault)

    def _write(self, answer: Captioned) -> Captioned:
        previous, version = self._found
        for _ in range(_WRITES):
            lasting = inherit(_lasting(answer), previous)
            if not _tells(lasting):
                return _inheriting(answer, previous)
            with suppress(StoreConflict):
                self.directory.put_record(lasting, version)
                return _inheriting(answer, previous)
            previous, version = self._record()
            etag = str(answer.record.image.etag)
            if self.directory.find(self.entry.name).etag != etag:
                raise StoreConflict(f"'{self.entry.name}' was replaced meanwhile; ask again.")
            if self._suffices(previous, etag):
                return Captioned(previous, {})
        raise StoreConflict(
            f"The record of '{self.entry.name}' is written by too many at once; ask again."
        )

    def _record(self) -> tuple[CaptionRecord | None, str | None]:
        """Read the record beside the image, and its ETag."""
        try:
            return self.directory.get_record(self.entry.name)
        except RecordNotFound:
            return None, None

    def _suffices(self, record: CaptionRecord | None, etag: str) -> TypeGuard[CaptionRecord]:
        return record is not None and _tells(record) and self.is_complete(record, etag)


def _inheriting(answer: Captioned, previous: CaptionRecord | None) -> Captioned:
    return Captioned(inherit(answer.record, previous), answer.faults)


def _tells(record: CaptionRecord) -> bool:
    """Whether a record has a caption, or says why it has none."""
    return bool(record.captions or record.problems)


def _worth_asking_again(captioned: Captioned) -> Captioned:
    """Say of what failed for a passing reason that it may be asked for again.

    A record without a word of it would pass for complete.
    """
    moment = now()
    passing = {source for source, fault in captioned.faults.items() if not fault.permanent}
    problems = tuple(
        msgspec.structs.replace(each, retry_after=moment)
        if each.source in passing and each.retry_after is UNSET
        else each
        for each in captioned.record.problems
    )
    record = msgspec.structs.replace(captioned.record, problems=problems)
    return Captioned(record, captioned.faults)


def _lasting(answer: Captioned) -> CaptionRecord:
    """Give the record without what only this request wished, and did not get."""
    wishes = {source for source, fault in answer.faults.items() if isinstance(fault, WishError)}
    problems = tuple(each for each in answer.record.problems if each.source not in wishes)
    return msgspec.structs.replace(answer.record, problems=problems)


def _not_kept(answer: Captioned, fault: CaptionerError) -> Captioned:
    problem = Problem(SAVE, fault.code, fault.message)
    problems = (*answer.record.problems, problem)
    record = msgspec.structs.replace(answer.record, problems=problems)
    return Captioned(record, {**answer.faults, SAVE: fault})
