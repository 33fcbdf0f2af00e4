"""Jobs over our own images: every record that is not up to date is made, as an event would."""

from collections.abc import Sequence
from concurrent.futures import Executor

from captioner.errors import ImageNotFound, StoreError
from captioner.events import ImageEvents
from captioner.jobs.attempts import (
    Attempt,
    Subject,
    failed,
    neutral_of,
    told,
)
from captioner.jobs.course import PLATFORM, SOURCE
from captioner.jobs.job import Job
from captioner.jobs.pages import PAGE_SIZE, Named, Page
from captioner.store import ImageStore


class BackfillOrigin:
    """The images container; safe to share between threads."""

    def __init__(self, store: ImageStore, events: ImageEvents, pool: Executor) -> None:
        self._store = store
        self._events = events
        self._pool = pool

    def page(self, job: Job, number: int, token: str | None) -> Page:
        del job, number
        found = self._store.page_of_images(token, size=PAGE_SIZE)
        images = tuple(Named(each.name, each.etag) for each in found.images)
        return Page(images=images, next=found.next)

    def subjects(self, job: Job, page: Page, places: Sequence[int]) -> list[Subject]:
        del job
        return [Subject(page.images[place].name) for place in places]

    def attempt(
        self, job: Job, page: Page, places: Sequence[int], *, is_last: bool
    ) -> list[Attempt]:
        del is_last  # what is missing in a record for a passing reason, the events complete later
        subjects = self.subjects(job, page, places)
        return list(self._pool.map(lambda each: self._refreshed(job, each), subjects))

    def _refreshed(self, job: Job, subject: Subject) -> Attempt:
        try:
            record = self._events.refresh(
                subject.image,
                unless_since=job.created if job.options.force else None,
                neutral=neutral_of(job.options),
            )
        except StoreError as fault:
            return failed(subject, fault, PLATFORM)
        if record is None:
            gone = ImageNotFound(f"'{subject.image}' is not in the container any more.")
            return Attempt(failed(subject, gone, SOURCE).result)
        return told(subject, record, skipped=record.updated < job.created)
