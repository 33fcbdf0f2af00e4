"""Jobs of URLs."""

from collections.abc import Callable, Sequence
from itertools import batched

import msgspec
from msgspec import UNSET

from captioner.jobs.attempts import Attempt, Subject, told
from captioner.jobs.job import Job
from captioner.jobs.ledger import Ledger
from captioner.jobs.pages import PAGE_SIZE, Lines, Page
from captioner.ondemand import Linked, OnDemand
from captioner.sources import LONGEST_URL, Sources


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

    def __init__(self, ledger: Ledger, sources: Callable[[], Sources], on_demand: OnDemand) -> None:
        self._ledger = ledger
        self._sources = sources
        self._on_demand = on_demand

    def page(self, job: Job, number: int, _: str | None) -> Page:
        first = number * PAGE_SIZE
        start, end = job.offsets[number : number + 2]
        count = min(PAGE_SIZE, job.urls - first)
        more = first + count < job.urls
        return Page(lines=Lines(start, end, count, first), next=str(number + 1) if more else None)

    def subjects(self, job: Job, page: Page, places: Sequence[int]) -> list[Subject]:
        return [subject for subject, _ in self._linked(job, page, places)]

    def attempt(
        self, job: Job, page: Page, places: Sequence[int], *, retrying: bool
    ) -> list[Attempt]:
        del retrying  # nothing is kept of the last try
        linked = self._linked(job, page, places)
        captioned = self._on_demand.caption([image for _, image in linked], job.options)
        return [
            told(job, subject, each) for (subject, _), each in zip(linked, captioned, strict=True)
        ]

    def _linked(self, job: Job, page: Page, places: Sequence[int]) -> list[tuple[Subject, Linked]]:
        part = page.lines
        if part is None:
            return []
        lines = self._ledger.source_part(job.id, part.start, part.end).splitlines()
        found = []
        for place in places:
            index = part.first + place
            url = msgspec.json.decode(lines[place], type=str)
            image = Linked.at(index, url, self._sources())
            facts = image.facts
            told_as = facts.name if facts.url is UNSET else facts.url
            found.append((Subject(told_as, index), image))
        return found
