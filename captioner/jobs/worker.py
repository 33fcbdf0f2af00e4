"""The steps of jobs, one for each message; any of them may come twice or break off anywhere."""

import logging
from collections.abc import Iterable, Mapping
from datetime import timedelta

import msgspec

from captioner.errors import CaptioningFailed, JobEnded, NothingThere, SasError, UrlError
from captioner.events import PLATFORM
from captioner.jobs.attempts import Attempt, Origin, failed
from captioner.jobs.course import Course
from captioner.jobs.job import Job
from captioner.jobs.ledger import Ledger
from captioner.jobs.messages import Chunk, JobMessage, List, Steps, Sweep
from captioner.jobs.pages import ChunkTally, Page, outstanding, within
from captioner.jobs.results import Result, lines_of
from captioner.telemetry import poisoned, received, step_at_work

# How long images wait before each further round, unless somebody asks for more.
_WAITS = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5))
_LONGEST_WAIT = timedelta(hours=1)
# How long listing rests after the platform gave it up.
_RESTS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2))
_UNTIL_LISTED = timedelta(seconds=2)

_log = logging.getLogger(__name__)


class JobWorker:
    """Does the steps; one for each process, safe to share between threads.

    Raises `StoreError` and whatever nobody foresaw, so that the platform tries a step again.
    """

    def __init__(
        self, ledger: Ledger, steps: Steps, course: Course, origins: Mapping[str, Origin]
    ) -> None:
        self._ledger = ledger
        self._steps = steps
        self._course = course
        self._origins = origins

    def do(self, message: JobMessage) -> None:
        """Do a step, unless the job rests or has ended."""
        step = message.step
        received(message, message.queue)
        kind = type(step).__struct_config__.tag
        with step_at_work(str(kind), step.job, message.parent):
            self._do(step)

    def _do(self, step: List | Sweep | Chunk) -> None:
        job = self._ledger.find(step.job)
        if job is None or job.has_ended:
            # Broken off in the middle of its beginning or its end, its secret may lie there yet.
            self._ledger.delete_source(step.job)
            return
        if not _is_due(step, job):
            return
        try:
            match step:
                case List():
                    self._list(job, step)
                case Sweep():
                    self._sweep(job, step)
                case Chunk():
                    self._caption(job, step)
        except SasError as fault:
            self._course.pause(job, fault)
        except JobEnded as fault:
            self._course.fail(job.id, fault)

    def gave_up(self, message: JobMessage) -> None:
        """Write down that the platform gave a step up, so that the job goes on."""
        step = message.step
        poisoned(message.queue)
        job = self._ledger.find(step.job)
        if job is None or not _is_due(step, job):
            return
        if isinstance(step, Chunk):
            try:
                self._give_up(job, step)
            except JobEnded as ended:
                self._course.fail(job.id, ended)
        elif step.attempt < len(_RESTS):
            again = msgspec.structs.replace(step, attempt=step.attempt + 1)
            self._steps.send(again, delay=_RESTS[step.attempt])
        else:
            fault = CaptioningFailed(
                "Listing the images failed again and again; the log tells why."
            )
            self._course.fail(job.id, fault, PLATFORM)

    def _list(self, job: Job, step: List) -> None:
        """Write a page down, and have the next one listed; the first one begins the captioning."""
        page = self._ledger.page(job.id, step.page) or self._listed(job, step)
        if page is None:
            return
        if step.page == 0 and not self._ledger.chunks(job.id, 0):
            self._steps.send(Sweep(job.id, job.opened, 0))
        if page.next is None:
            self._course.finish_if_complete(job.id)
        elif not self._ledger.has_page(job.id, step.page + 1):
            self._steps.send(List(job.id, job.opened, step.page + 1))

    def _listed(self, job: Job, step: List) -> Page | None:
        before = self._ledger.page(job.id, step.page - 1) if step.page else None
        token = before.next if before else None
        if step.page and token is None:
            return None
        try:
            found = self._origins[job.source].page(job, step.page, token)
        except (UrlError, NothingThere) as fault:
            self._course.fail(job.id, fault)
            return None
        return self._ledger.create_page(job.id, step.page, found)

    def _sweep(self, job: Job, step: Sweep) -> None:
        """Send out what a page has no results of, and have the next one swept."""
        page = self._ledger.page(job.id, step.page)
        if page is None:
            self._steps.send(step, delay=_UNTIL_LISTED)
            return
        for chunk, round_ in outstanding(page.chunks, self._ledger.chunks(job.id, step.page)):
            self._steps.send(Chunk(job.id, job.opened, step.page, chunk, round_))
        if page.next is not None:
            # Last, so that breaking off before it does not have all that follows swept twice.
            self._steps.send(Sweep(job.id, job.opened, step.page + 1))

    def _caption(self, job: Job, step: Chunk) -> None:
        """Caption a chunk, and write down what came of it."""
        found = self._places(job, step)
        if found is not None:
            page, places = found
            is_last = step.round == len(_WAITS)
            attempts = self._origins[job.source].attempt(job, page, places, retrying=step.round > 0)
            if self._ledger.get(job.id).has_ended:
                return  # what readers have passed must not change
            if not is_last and any(each.fault for each in attempts):
                # Asked for before the result is written: a crash in between costs a needless
                # message, the other way round it would cost the images.
                again = msgspec.structs.replace(step, round=step.round + 1)
                self._steps.send(again, delay=_wait(step.round, attempts))
            self._write(
                job,
                step,
                [each.result for each in attempts if is_last or each.fault is None],
                waiting=tuple(
                    place
                    for place, each in zip(places, attempts, strict=True)
                    if each.fault and not is_last
                ),
            )
        self._recount(job, step.page)

    def _give_up(self, job: Job, step: Chunk) -> None:
        """Write down for each image of a chunk that captioning it came to nothing."""
        found = self._places(job, step)
        if found is not None:
            page, places = found
            fault = CaptioningFailed(
                "Captioning the images around this one failed several times; the log tells why."
            )
            subjects = self._origins[job.source].subjects(job, page, places)
            self._write(job, step, [failed(each, fault, PLATFORM).result for each in subjects])
        self._recount(job, step.page)

    def _places(self, job: Job, step: Chunk) -> tuple[Page, tuple[int, ...]] | None:
        """Give a chunk's page, and where on it its images are; None if nothing is to be done."""
        if self._ledger.chunk(job.id, step.page, step.round, step.chunk) is not None:
            return None
        page = self._ledger.page(job.id, step.page)
        if page is None:
            return None
        if step.round == 0:
            return page, tuple(within(step.chunk, page.count))
        before = self._ledger.chunk(job.id, step.page, step.round - 1, step.chunk)
        return (page, before.waiting) if before and before.waiting else None

    def _write(
        self, job: Job, step: Chunk, results: list[Result], waiting: tuple[int, ...] = ()
    ) -> None:
        statuses = [each.status for each in results]
        tally = ChunkTally(
            step.round,
            step.chunk,
            done=statuses.count("done"),
            skipped=statuses.count("skipped"),
            failed=statuses.count("failed"),
            waiting=waiting,
        )
        if not self._ledger.create_result(job.id, step.page, tally, lines_of(results)):
            _log.info("A chunk of job %s was done by somebody else", job.id, extra={"job": job.id})

    def _recount(self, job: Job, page: int) -> None:
        tally = self._ledger.recount(job.id, page)
        if tally is not None and tally.is_complete:
            self._course.finish_if_complete(job.id)


def _is_due(step: List | Sweep | Chunk, job: Job) -> bool:
    """Tell whether a step is to be done; all that are missing are sent again once a job goes on."""
    return job.state == "running" and step.opened == job.opened


def _wait(round_: int, attempts: Iterable[Attempt]) -> timedelta:
    hints = (each.hint for each in attempts)
    return min(max(_WAITS[round_], *hints), _LONGEST_WAIT)
