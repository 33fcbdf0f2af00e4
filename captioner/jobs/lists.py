"""Jobs of URLs."""

from collections.abc import Sequence
from concurrent.futures import Executor
from itertools import batched

import msgspec

from captioner.captioning import CaptioningService, Image, log_record
from captioner.errors import SourceError
from captioner.jobs.attempts import (
    BATCH,
    Attempt,
    Subject,
    failed,
    neutral_of,
    passing,
    told,
)
from captioner.jobs.course import SOURCE
from captioner.jobs.job import Job
from captioner.jobs.ledger import Ledger
from captioner.jobs.pages import PAGE_SIZE, Lines, Page
from captioner.sources import LONGEST_URL, Sources, public_form


def list_of(urls: Sequence[str]) -> tuple[bytes, tuple[int, ...]]:
    """Write URLs down, and give where pages begin, in bytes, and where the last one ends.

    Each is a line of JSON. One that is too long is cut, yet remains too long to be fetched.
    """
    lines = [msgspec.json.encode(url[: LONGEST_URL + 1]) for url in urls]
    offsets = [0]
    for page in batched(lines, PAGE_SIZE, strict=False):
        offsets.append(offsets[-1] + sum(len(line) + 1 for line in page))
    return b"".join(line + b"\n" for line in lines), tuple(offsets)


class UrlOrigin:
    """Images by their URLs; safe to share between threads."""

    def __init__(
        self, ledger: Ledger, sources: Sources, captioning: CaptioningService, pool: Executor
    ) -> None:
        self._ledger = ledger
        self._sources = sources
        self._captioning = captioning
        self._pool = pool

    def page(self, job: Job, number: int, _: str | None) -> Page:
        first = number * PAGE_SIZE
        start, end = job.offsets[number : number + 2]
        count = min(PAGE_SIZE, job.urls - first)
        more = first + count < job.urls
        return Page(lines=Lines(start, end, count, first), next=str(number + 1) if more else None)

    def subjects(self, job: Job, page: Page, places: Sequence[int]) -> list[Subject]:
        return [subject for subject, _ in self._urls(job, page, places)]

    def attempt(
        self, job: Job, page: Page, places: Sequence[int], *, is_last: bool
    ) -> list[Attempt]:
        del is_last  # nothing is saved, whichever try it is
        attempts: list[Attempt] = []
        for batch in batched(self._urls(job, page, places), BATCH, strict=False):
            fetched = list(self._pool.map(lambda each: self._fetched(*each), batch))
            images = [each for each in fetched if isinstance(each, Image)]
            captioned = iter(self._captioning.caption(images, neutral=neutral_of(job.options)))
            for (subject, _), each in zip(batch, fetched, strict=True):
                if isinstance(each, Attempt):
                    attempts.append(each)
                    continue
                done = next(captioned)
                log_record(done.record)
                attempts.append(told(subject, done.record, fault=passing(done)))
        return attempts

    def _fetched(self, subject: Subject, url: str) -> Image | Attempt:
        try:
            download = self._sources.fetch(url)
        except SourceError as fault:
            return failed(subject, fault, SOURCE)
        return Image(download.facts, download.data)

    def _urls(self, job: Job, page: Page, places: Sequence[int]) -> list[tuple[Subject, str]]:
        part = page.lines
        if part is None:
            return []
        lines = self._ledger.source_part(job.id, part.start, part.end).splitlines()
        urls = ((place, msgspec.json.decode(lines[place], type=str)) for place in places)
        return [(Subject(public_form(url), part.first + place), url) for place, url in urls]
