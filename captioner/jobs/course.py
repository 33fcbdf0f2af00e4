"""The turns in a job's course: paused, taken up again, ended."""

import logging
from datetime import timedelta

import msgspec
from msgspec import UNSET

from captioner.errors import CaptionerError, JobEnded
from captioner.jobs.job import Counts, Job, State
from captioner.jobs.ledger import Ledger
from captioner.jobs.messages import List, Steps, Sweep
from captioner.ondemand import SAVE
from captioner.records import Problem, now

# The source of a problem that lies in what opens a job's images.
SOURCE = "source"

_UNTIL_CLEANED = timedelta(minutes=1)

_log = logging.getLogger(__name__)


class Course:
    """Turns jobs; every turn may be taken twice and by many at once."""

    def __init__(self, ledger: Ledger, steps: Steps) -> None:
        self._ledger = ledger
        self._steps = steps

    def pause(self, job: Job, fault: CaptionerError) -> None:
        """Let a job rest until its directory is opened anew, unless that was done already."""

        def paused(present: Job) -> Job | None:
            if present.state != "running" or present.opened != job.opened:
                return None
            return msgspec.structs.replace(
                present, state="paused", problems=(*present.problems, _problem(SOURCE, fault))
            )

        after = self._ledger.change(job.id, paused)
        if after.state == "paused":
            _log.warning("Job %s is paused: %s", job.id, fault.message, extra={"job": job.id})

    def resume(self, job: str, secret: bytes, saving: tuple[Problem, ...] = ()) -> Job:
        """Go on with a job whose directory is opened anew; raises `JobEnded`.

        `saving` are the problems with keeping records there from now on.
        """
        tallies = self._ledger.tallies(job)
        self._ledger.put_source(job, secret)

        def resumed(present: Job) -> Job | None:
            if present.has_ended:
                return None
            return msgspec.structs.replace(
                present,
                state="running",
                opened=present.opened + 1,
                problems=(
                    *(each for each in present.problems if each.source not in {SOURCE, SAVE}),
                    *saving,
                ),
                since=now(),
                before=Counts.of(tallies).finished,
            )

        after = self._ledger.change(job, resumed)
        if after.has_ended:
            self._ledger.delete_source(job)
            raise JobEnded("The job has ended; start another one.")
        # Found to be there, the last page has the one after it listed.
        self._steps.send(List(job, after.opened, max(len(tallies) - 1, 0)))
        if tallies:
            self._steps.send(Sweep(job, after.opened, 0))
        return after

    def cancel(self, job: str) -> Job:
        """End a job before its time; one that has ended stays as it is."""
        present = self._ledger.get(job)
        if not present.has_ended:
            # Whoever does this step deletes the secret, should we break off.
            self._steps.send(Sweep(job, present.opened, 0), delay=_UNTIL_CLEANED)
        return self._end(job, "cancelled")

    def fail(self, job: str, fault: CaptionerError, source: str = SOURCE) -> Job:
        """End a job that cannot go on."""
        _log.error("Job %s has failed: %s", job, fault.message, extra={"job": job})
        return self._end(job, "failed", _problem(source, fault))

    def finish_if_complete(self, job: str) -> None:
        """End a job if every image is listed and finished."""
        tallies = self._ledger.tallies(job)
        if tallies and tallies[-1].last and all(each.is_complete for each in tallies):
            self._end(job, "done")
            _log.info("Job %s is done", job, extra={"job": job})

    def _end(self, job: str, state: State, *problems: Problem) -> Job:
        def ended(present: Job) -> Job | None:
            if present.has_ended:
                return None
            return msgspec.structs.replace(
                present, state=state, problems=(*present.problems, *problems), ended=now()
            )

        after = self._ledger.change(job, ended)
        self._ledger.delete_source(job)
        return after


def _problem(source: str, fault: CaptionerError) -> Problem:
    return Problem(source=source, code=fault.code, message=fault.message, retry_after=UNSET)
