"""Jobs over our own images: every record that is not up to date is made, as an event would."""

from collections.abc import Sequence
from concurrent.futures import Executor

from captioner.captioning import IMAGE, Captioned
from captioner.errors import ImageNotFound, StoreError
from captioner.events import PLATFORM, ImageEvents
from captioner.jobs.attempts import Attempt, Subject, failed, told
from captioner.jobs.job import Job
from captioner.jobs.pages import PAGE_SIZE, Page
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
        return Page(images=found.images, next=found.next)

    def subjects(self, job: Job, page: Page, places: Sequence[int]) -> list[Subject]:
        del job
        return [Subject(page.images[place].name) for place in places]

    def attempt(
        self, job: Job, page: Page, places: Sequence[int], *, retrying: bool
    ) -> list[Attempt]:
        del retrying  # what is missing in a record for a passing reason, the events complete later
        subjects = self.subjects(job, page, places)
        return list(self._pool.map(lambda each: self._refreshed(job, each), subjects))

    def _refreshed(self, job: Job, subject: Subject) -> Attempt:
        try:
            record = self._events.refresh(
                subject.image, job.options, made_since=job.made_since, spares=job.spares
            )
        except StoreError as fault:
            return failed(subject, fault, PLATFORM)
        if record is None:
            gone = ImageNotFound(f"'{subject.image}' is not in the container any more.")
            return Attempt(failed(subject, gone, IMAGE).result)
        return told(job, subject, Captioned(record, {}))
