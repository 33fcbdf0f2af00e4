"""Jobs over a directory that somebody opened by a SAS URI."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from captioner.captioning import IMAGE, Captioned, CaptioningService
from captioner.errors import SasError, SasRefused
from captioner.jobs.attempts import Attempt, Subject, told
from captioner.jobs.job import Job
from captioner.jobs.ledger import Ledger
from captioner.jobs.pages import PAGE_SIZE, Page
from captioner.ondemand import Kept, Listed, OnDemand, Wanted
from captioner.sources import Directory, Sources
from captioner.store import ImageEntry


class DirectoryOrigin:
    """Directories by SAS URIs; safe to share between threads."""

    def __init__(
        self,
        ledger: Ledger,
        sources: Callable[[], Sources],
        captioning: CaptioningService,
        on_demand: OnDemand,
    ) -> None:
        self._ledger = ledger
        self._sources = sources
        self._captioning = captioning
        self._on_demand = on_demand

    def page(self, job: Job, number: int, token: str | None) -> Page:
        del number
        found = self._open(job).page(token, size=PAGE_SIZE)
        return Page(images=found.images, next=found.next)

    def subjects(self, job: Job, page: Page, places: Sequence[int]) -> list[Subject]:
        del job
        return [Subject(page.images[place].name) for place in places]

    def attempt(
        self, job: Job, page: Page, places: Sequence[int], *, retrying: bool
    ) -> list[Attempt]:
        directory = self._open(job)
        images = [page.images[place] for place in places]
        captioned = self._on_demand.caption(
            self._wanted(job, directory, images, retrying=retrying),
            job.options,
            made_since=job.made_since,
        )
        _require_open(directory, captioned)
        return [
            told(job, subject, each)
            for subject, each in zip(self.subjects(job, page, places), captioned, strict=True)
        ]

    def _wanted(
        self, job: Job, directory: Directory, images: Iterable[ImageEntry], *, retrying: bool
    ) -> list[Wanted]:
        if not (job.save and directory.may_write):
            return [Listed(directory, image) for image in images]
        is_complete = partial(
            self._captioning.is_complete,
            retrying=retrying,
            options=job.options,
            made_since=job.made_since,
        )
        return [Kept(directory, image, is_complete) for image in images]

    def _open(self, job: Job) -> Directory:
        return self._sources().directory(self._ledger.source(job.id).decode())


def _require_open(directory: Directory, captioned: Iterable[Captioned]) -> None:
    """Raise `SasError` where faults of images mean that the directory is open no longer."""
    faults = [each.faults for each in captioned]
    for fault in (each.get(IMAGE) for each in faults):
        if isinstance(fault, SasError) and not isinstance(fault, SasRefused):
            raise fault
    # One blob may be refused for itself, as may be its record; a directory that is closed raises.
    if any(isinstance(fault, SasError) for each in faults for fault in each.values()):
        directory.page(size=1)
