"""Jobs over a directory that somebody opened by a SAS URI."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import batched

import msgspec
from msgspec import UNSET

from captioner.captioning import Captioned, CaptioningService, Image, inherit, log_record
from captioner.errors import (
    CaptionerError,
    DownloadError,
    RecordNotFound,
    RecordUnreadable,
    SasError,
    SasExpired,
    SasRefused,
    SourceError,
    StoreConflict,
)
from captioner.jobs.attempts import (
    BATCH,
    Attempt,
    Subject,
    failed,
    neutral_of,
    passing,
    told,
)
from captioner.jobs.course import RECORD, SOURCE
from captioner.jobs.job import Job
from captioner.jobs.ledger import Ledger
from captioner.jobs.pages import PAGE_SIZE, Named, Page
from captioner.records import CaptionRecord, Problem, now
from captioner.sources import Directory, Sources

_WRITES = 3  # tries to save a record that somebody else writes too


@dataclass(frozen=True, slots=True)
class _Beside:
    """What lies beside an image: a record and its version, or why there is none to replace."""

    record: CaptionRecord | None = None
    version: str | None = None
    fault: CaptionerError | None = None


@dataclass(frozen=True, slots=True)
class _Fetched:
    """An image that is to be captioned."""

    image: Image
    beside: _Beside


class DirectoryOrigin:
    """Directories by SAS URIs; safe to share between threads."""

    def __init__(
        self, ledger: Ledger, sources: Sources, captioning: CaptioningService, pool: Executor
    ) -> None:
        self._ledger = ledger
        self._sources = sources
        self._captioning = captioning
        self._pool = pool

    def page(self, job: Job, number: int, token: str | None) -> Page:
        del number
        found = self._open(job).page(token, size=PAGE_SIZE)
        images = tuple(Named(each.name, each.etag) for each in found.images)
        return Page(images=images, next=found.next)

    def subjects(self, job: Job, page: Page, places: Sequence[int]) -> list[Subject]:
        del job
        return [Subject(page.images[place].name) for place in places]

    def attempt(
        self, job: Job, page: Page, places: Sequence[int], *, is_last: bool
    ) -> list[Attempt]:
        directory = self._open(job)
        pass_ = _Pass(job, directory, self._captioning, is_last=is_last)
        attempts: list[Attempt] = []
        for batch in batched((page.images[place] for place in places), BATCH, strict=False):
            prepared = list(self._pool.map(pass_.prepare, batch))
            fetched = [each for each in prepared if isinstance(each, _Fetched)]
            captioned = self._captioning.caption(
                [each.image for each in fetched], neutral=neutral_of(job.options)
            )
            saved = self._pool.map(pass_.finish, fetched, captioned)
            attempts += [each if isinstance(each, Attempt) else next(saved) for each in prepared]
        return attempts

    def _open(self, job: Job) -> Directory:
        return self._sources.directory(self._ledger.source(job.id).decode())


class _Pass:
    """One pass over images of a directory."""

    def __init__(
        self, job: Job, directory: Directory, captioning: CaptioningService, *, is_last: bool
    ) -> None:
        self._job = job
        self._directory = directory
        self._captioning = captioning
        self._is_last = is_last
        self._saves = job.options.save and directory.may_write

    def prepare(self, image: Named) -> _Fetched | Attempt:
        """Fetch an image, unless its record is up to date or it cannot be had."""
        subject = Subject(image.name)
        try:
            beside = self._beside(image.name) if self._saves else _Beside()
            known = self._known(beside.record)
            if known and self._captioning.is_complete(known, image.etag, retrying=False):
                return told(subject, known, skipped=known.updated < self._job.created)
            download = self._directory.fetch(image.name)
        except SasRefused as fault:
            # One blob may be refused for itself; a directory that is closed raises here.
            self._directory.page(size=1)
            return Attempt(failed(subject, fault, SOURCE).result)
        except SasError:
            raise
        except SourceError as fault:
            return failed(subject, fault, SOURCE)
        return _Fetched(Image(download.facts, download.data, known), beside)

    def finish(self, fetched: _Fetched, captioned: Captioned) -> Attempt:
        """Save a record where that is asked for, unless it is to be made once more anyway."""
        subject = Subject(fetched.image.facts.name)
        log_record(captioned.record)
        fault = passing(captioned)
        if not self._saves or (fault and not self._is_last):
            return told(subject, captioned.record, fault=fault)
        record = _to_be_completed(captioned)
        try:
            return told(subject, self._save(record, fetched.beside), fault=fault)
        except SasExpired:
            raise
        except (SourceError, StoreConflict, RecordUnreadable) as failure:
            problem = Problem(source=RECORD, code=failure.code, message=failure.message)
            record = msgspec.structs.replace(record, problems=(*record.problems, problem))
            busy = isinstance(failure, DownloadError) and not failure.permanent
            return told(subject, record, fault=fault or (failure if busy else None))

    def _known(self, record: CaptionRecord | None) -> CaptionRecord | None:
        """Give a record if its captions may be kept: with `force`, those of this job alone."""
        if record and self._job.options.force and record.updated < self._job.created:
            return None
        return record

    def _beside(self, name: str) -> _Beside:
        try:
            return _Beside(*self._directory.get_record(name))
        except RecordNotFound:
            return _Beside()
        except RecordUnreadable as fault:
            return _Beside(fault=fault)

    def _save(self, record: CaptionRecord, beside: _Beside) -> CaptionRecord:
        """Write a record beside its image, with what people wrote in the one before."""
        for _ in range(_WRITES):
            if beside.fault:
                raise beside.fault
            whole = inherit(record, beside.record)
            try:
                self._directory.put_record(whole, beside.version)
            except StoreConflict:
                beside = self._beside(record.image.name)
            else:
                return whole
        raise StoreConflict(
            f"The record beside '{record.image.name}' is written by others at the same time."
        )


def _to_be_completed(captioned: Captioned) -> CaptionRecord:
    """Mark what is missing for a passing reason, so that a later job completes the record."""
    passing_faults = {name for name, fault in captioned.faults.items() if not fault.permanent}
    record = captioned.record
    return msgspec.structs.replace(
        record,
        problems=tuple(
            msgspec.structs.replace(each, retry_after=now())
            if each.source in passing_faults and each.retry_after is UNSET
            else each
            for each in record.problems
        ),
    )
