"""The steps of a job, as queue messages: which step is next, and nothing that opens anything."""

from datetime import timedelta
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from captioner.store import MessageQueue
from captioner.telemetry import Traced, posted

JOBS_QUEUE = "captioner-jobs"
LISTS_QUEUE = "captioner-job-lists"

Number = Annotated[int, Meta(ge=0)]


class Step(Struct, frozen=True):
    """A step of a job; `opened` is as often as its directory had been opened when it was sent.

    Steps from before the last time are dropped: all that was missing then was sent anew.
    """

    job: str
    opened: Number
    page: Number


class List(Step, frozen=True, tag="list"):
    """List one page of a job's images. `attempt` counts how often the platform gave up on it."""

    attempt: Number = 0


class Sweep(Step, frozen=True, tag="sweep"):
    """Send out the chunks of a page that have no result yet, then take up the next page."""

    attempt: Number = 0


class Chunk(Step, frozen=True, tag="chunk"):
    """Caption one chunk of a page; in rounds after the first, the images that waited only."""

    chunk: Number
    round: Number = 0


class JobMessage(Traced, frozen=True):
    step: List | Sweep | Chunk

    @property
    def queue(self) -> str:
        """The queue that it goes by."""
        return LISTS_QUEUE if isinstance(self.step, List) else JOBS_QUEUE


class Steps:
    """Puts steps on the two queues."""

    def __init__(self, jobs: MessageQueue, lists: MessageQueue) -> None:
        self._jobs = jobs
        self._lists = lists

    def send(self, step: List | Sweep | Chunk, *, delay: timedelta = timedelta(0)) -> None:
        """Have a step done, after `delay` at the earliest; raises `StoreError`."""
        queue = self._lists if isinstance(step, List) else self._jobs
        queue.send(msgspec.json.encode(posted(JobMessage(step), delay=delay)), delay=delay)
