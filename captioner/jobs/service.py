"""Jobs as those who ask for them see them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from captioner.captioning import CaptioningService, Options
from captioner.errors import ContradictoryRequest, JobEnded, SasTooNarrow
from captioner.jobs.course import Course
from captioner.jobs.job import Job, JobStatus, new_id
from captioner.jobs.ledger import Ledger
from captioner.jobs.lists import list_of
from captioner.jobs.messages import List, Steps
from captioner.jobs.requests import Backfill, JobRequest
from captioner.jobs.results import Cursor, Reader, ResultPage
from captioner.ondemand import SAVE, ManyUrls, OneDirectory, opened
from captioner.records import Problem, now
from captioner.serving import ModelSource
from captioner.sources import Directory, Sources
from captioner.store import ImageStore

# Longer than any request takes: see `Jobs.start`.
_UNTIL_CLEANED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class JobPage:
    """Some jobs, the newest first; `next` asks for those before them, None where there are none."""

    jobs: tuple[JobStatus, ...]
    next: str | None


class Jobs:
    """Starts jobs, tells of them, ends them; one for each process, safe to share between threads.

    Every method may raise `StoreError`.
    """

    def __init__(
        self,
        ledger: Ledger,
        steps: Steps,
        course: Course,
        *,
        sources: Callable[[], Sources],
        store: ImageStore,
        captioning: CaptioningService,
        models: ModelSource,
    ) -> None:
        self._ledger = ledger
        self._steps = steps
        self._course = course
        self._sources = sources
        self._store = store
        self._captioning = captioning
        self._models = models

    def start(self, request: JobRequest) -> JobStatus:
        """Start a job.

        Raises `SaveRefused`, for a directory that is not open what is wrong with it, as
        `SourceError`, and for a backfill by captioners that there are not
        `CaptionerNotConfigured`, as that is no problem to be kept in our own records; for one by
        the model's age `ModelUnknown`, and `BundleError` where there is no model to caption with.
        """
        moment = now()
        job = Job(
            id=new_id(moment),
            source="backfill",
            options=msgspec.convert(request, Options, from_attributes=True),
            state="running",
            created=moment,
            since=moment,
        )
        secret = None
        match request:
            case OneDirectory():
                secret = request.directory.encode()
                job = self._of_directory(job, request)
            case ManyUrls():
                secret, offsets = list_of(request.urls)
                job = replace(job, source="urls", urls=len(request.urls), offsets=offsets)
            case Backfill():
                self._captioning.require(job.options)
                job = self._of_backfill(job, request)
        first = List(job.id, job.opened, 0)
        # Should we break off below, this finds no job and deletes its secret, or finds one that
        # has not begun, and begins it.
        self._steps.send(first, delay=_UNTIL_CLEANED)
        if secret is not None:
            self._ledger.put_source(job.id, secret)
        self._ledger.create(job)
        self._steps.send(first)
        return self._status(job)

    def status(self, job: str) -> JobStatus:
        """Tell how a job stands; raises `JobNotFound`."""
        return self._status(self._ledger.get(job))

    def newest(self, token: str | None, size: int) -> JobPage:
        """List jobs, the newest first; `token` is the last page's `next`."""
        ids, following = self._ledger.newest(token, size)
        found = (self._ledger.find(each) for each in ids)
        return JobPage(tuple(self._status(each) for each in found if each), following)

    def results(self, job: str, cursor: Cursor, limit: int) -> ResultPage:
        """Give at most `limit` results from a cursor on; raises `JobNotFound`."""
        return Reader(self._ledger, self._ledger.get(job)).read(cursor, limit)

    def renew(self, job: str, uri: str) -> JobStatus:
        """Open a job's directory anew, and go on with it.

        Raises `JobNotFound`, `JobEnded`, `ContradictoryRequest` for another directory, and what is
        wrong with the URI, as `SourceError`.
        """
        present = self._ledger.get(job)
        if present.has_ended:
            raise JobEnded("The job has ended; start another one.")
        if present.source != "directory":
            raise ContradictoryRequest("This job has no directory that could be opened anew.")
        directory = self._sources().directory(uri)
        if directory.url != present.directory:
            raise ContradictoryRequest(
                f"This job is over {present.directory}; give a URI of that directory."
            )
        directory.page(size=1)
        problems = _saving(directory, save=present.save)
        if present.save and not problems and any(each.source == SAVE for each in present.problems):
            missed = SasTooNarrow(
                "What was finished before this renewal was not saved; start the job again for it."
            )
            problems = (Problem(source=SAVE, code=missed.code, message=missed.message),)
        return self._status(self._course.resume(job, uri.encode(), problems))

    def cancel(self, job: str) -> JobStatus:
        """End a job before its time; what was found stays. Raises `JobNotFound`."""
        return self._status(self._course.cancel(job))

    def _of_backfill(self, job: Job, asked: Backfill) -> Job:
        """Settle now which captions stay: versions that are registered later do not count."""
        if asked.model_older_than is None:
            return replace(job, force=asked.force)
        self._models()
        if asked.captioners is None:
            job = replace(job, options=Options(captioners=("onnx",)))
        if moment := asked.moment:
            return replace(job, spared_since=moment)
        return replace(job, spared=self._models.since(asked.model_older_than))

    def _of_directory(self, job: Job, asked: OneDirectory) -> Job:
        """Look into the directory, so that whoever asks learns at once that it is not open."""
        directory = opened(asked, self._sources(), self._store)
        directory.page(size=1)
        return replace(
            job,
            source="directory",
            directory=directory.url,
            save=asked.save,
            force=asked.force,
            problems=_saving(directory, save=asked.save),
        )

    def _status(self, job: Job) -> JobStatus:
        return JobStatus.of(job, self._ledger.tallies(job.id), now())


def _saving(directory: Directory, *, save: bool) -> tuple[Problem, ...]:
    """Tell what keeps records from being saved in a directory, if that is asked for."""
    if not save or directory.may_write:
        return ()
    lacking = SasTooNarrow(
        "Records are not saved: the shared access signature lacks the permission write."
    )
    return (Problem(source=SAVE, code=lacking.code, message=lacking.message),)
