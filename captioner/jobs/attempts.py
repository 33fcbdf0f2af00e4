"""What came of one attempt at an image, and where images of a job come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from msgspec import UNSET, UnsetType

from captioner.captioning import Captioned
from captioner.errors import CaptionerError, RecordUnreadable, SasError
from captioner.jobs.job import Job
from captioner.jobs.pages import Page
from captioner.jobs.results import Result
from captioner.records import Problem

# Time alone does not mend these: people do.
_LASTING = (RecordUnreadable, SasError)


@dataclass(frozen=True, slots=True)
class Subject:
    """What a result is about: its image's name or public URL, its place in a list of URLs."""

    image: str
    index: int | UnsetType = UNSET


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of an image; `fault` is the passing one for which another try may be worth it."""

    result: Result
    fault: CaptionerError | None = None

    @property
    def hint(self) -> timedelta:
        """How long to wait before that, where somebody said so."""
        told = None if self.fault is None else self.fault.retry_after
        return told or timedelta(0)


class Origin(Protocol):
    """Where images of one kind of job come from."""

    def page(self, job: Job, number: int, token: str | None) -> Page:
        """List one page; `token` is the `next` of the page before it.

        Raises `SourceError` or `StoreError`.
        """

    def subjects(self, job: Job, page: Page, places: Sequence[int]) -> list[Subject]:
        """Name the images at these places of a page; raises `StoreError`."""

    def attempt(
        self, job: Job, page: Page, places: Sequence[int], *, retrying: bool
    ) -> list[Attempt]:
        """Try the images at these places of a page, in order; whatever happens to them is told.

        `retrying` says that they waited for this. Raises `SasError` where a directory is no longer
        open, and `StoreError` where our own storage does not work.
        """


def told(job: Job, subject: Subject, captioned: Captioned) -> Attempt:
    """Tell a record, or where it holds no caption, its first problem instead."""
    record = captioned.record
    result = Result(image=subject.image, index=subject.index, status="done", record=record)
    if not record.captions:
        result = _failed(subject, record.problems[0])
    elif record.updated < job.created:
        result = Result(image=subject.image, index=subject.index, status="skipped", record=record)
    return Attempt(result, _passing(captioned))


def failed(subject: Subject, fault: CaptionerError, source: str) -> Attempt:
    """Tell an image that nothing but a fault came of."""
    problem = Problem(source=source, code=fault.code, message=fault.message)
    return Attempt(_failed(subject, problem), None if fault.permanent else fault)


def _failed(subject: Subject, problem: Problem) -> Result:
    return Result(image=subject.image, index=subject.index, status="failed", problem=problem)


def _passing(captioned: Captioned) -> CaptionerError | None:
    """Give the fault for which captioning may be worth another try: that which takes longest."""
    faults = [
        fault
        for fault in captioned.faults.values()
        if not (fault.permanent or isinstance(fault, _LASTING))
    ]
    return max(faults, key=lambda each: each.retry_after or timedelta(0), default=None)
