"""What came of one attempt at an image, and where images of a job come from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from captioner.captioning import Captioned
from captioner.errors import CaptionerError
from captioner.jobs.job import Job
from captioner.jobs.pages import Page
from captioner.jobs.requests import Options
from captioner.jobs.results import Result
from captioner.records import CaptionRecord, Problem

BATCH = 8  # images in memory at once, and as many as the model takes at once


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
        self, job: Job, page: Page, places: Sequence[int], *, is_last: bool
    ) -> list[Attempt]:
        """Try the images at these places of a page, in order; whatever happens to them is told.

        `is_last` says that nothing waits for another try. Raises `SasError` where a directory is
        no longer open, and `StoreError` where our own storage does not work.
        """


def told(
    subject: Subject,
    record: CaptionRecord,
    *,
    skipped: bool = False,
    fault: CaptionerError | None = None,
) -> Attempt:
    """Tell a record, or where it holds no caption, its first problem instead."""
    result = Result(image=subject.image, index=subject.index, status="done", record=record)
    if skipped:
        result = replace(result, status="skipped")
    elif not record.captions:
        result = replace(result, status="failed", record=UNSET, problem=record.problems[0])
    return Attempt(result, fault)


def failed(subject: Subject, fault: CaptionerError, source: str) -> Attempt:
    """Tell an image that nothing but a fault came of."""
    result = Result(
        image=subject.image,
        index=subject.index,
        status="failed",
        problem=Problem(source=source, code=fault.code, message=fault.message),
    )
    return Attempt(result, None if fault.permanent else fault)


def passing(captioned: Captioned) -> CaptionerError | None:
    """Give the fault for which captioning may be worth another try: that which takes longest."""
    faults = [fault for fault in captioned.faults.values() if not fault.permanent]
    return max(faults, key=lambda each: each.retry_after or timedelta(0), default=None)


def neutral_of(options: Options) -> bool | None:
    return None if options.neutral is UNSET else options.neutral
