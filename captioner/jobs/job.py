"""A job's document, and what is told of it."""

import re
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, Self

from msgspec import UNSET, Struct, UnsetType

from captioner.captioning import Options
from captioner.jobs.pages import Tally
from captioner.records import CaptionRecord, ModelName, Moment, Problem

type State = Literal["listing", "running", "paused", "done", "cancelled", "failed"]

ENDED = frozenset({"done", "cancelled", "failed"})

_LAST_MS = 2**44 - 1  # in the year 2527
_ID = re.compile("[0-9a-f]{27}")
_SHORTEST_S = 1.0


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was asked and how far it is, but for counts, which the pages have.

    `directory` is its URL without the signature. `urls` are as many as the list has, `offsets` the
    bytes in it where pages begin, and its end. `save` keeps records beside the images, `force`
    captions again what has its captions. What the own captioner said stays if one of the models
    `spared` said it, or it was said after `spared_since`. `opened` counts how often access to the
    images was given. `since` is when work last began, after `before` images were finished.
    """

    id: str
    source: Literal["directory", "urls", "backfill"]
    directory: str | UnsetType = UNSET
    urls: int = 0
    offsets: tuple[int, ...] = ()
    options: Options
    save: bool = False
    force: bool = False
    state: Literal["running", "paused", "done", "cancelled", "failed"]
    opened: int = 1
    spared: tuple[ModelName, ...] = ()
    spared_since: Moment | UnsetType = UNSET
    problems: tuple[Problem, ...] = ()
    created: Moment
    since: Moment
    before: int = 0
    ended: Moment | UnsetType = UNSET

    @property
    def has_ended(self) -> bool:
        return self.state in ENDED

    @property
    def made_since(self) -> datetime | None:
        """The moment before which a caption must not have been made; None for any time."""
        return self.created if self.force else None

    def spares(self, record: CaptionRecord) -> bool:
        """Tell whether an image is left alone, as its own caption is new enough."""
        own = record.caption_by("onnx")
        if own is None:
            return False
        if self.spared_since is not UNSET and own.created >= self.spared_since:
            return True
        return own.model in self.spared


class Counts(Struct, frozen=True):
    """Images: `found` so far; of these done, skipped, failed; `waiting` to be tried again."""

    found: int
    done: int
    skipped: int
    failed: int
    waiting: int

    @classmethod
    def of(cls, tallies: Iterable[Tally]) -> Self:
        pages = list(tallies)
        return cls(
            found=sum(each.found for each in pages),
            done=sum(each.done for each in pages),
            skipped=sum(each.skipped for each in pages),
            failed=sum(each.failed for each in pages),
            waiting=sum(each.waiting for each in pages),
        )

    @property
    def finished(self) -> int:
        return self.done + self.skipped + self.failed


class JobStatus(Struct, frozen=True, kw_only=True):
    """A job as it stands.

    `rate` is in images a second, since the work last began; `seconds_left` follows from it, and is
    null while images are still being counted, nothing is finished yet, or nobody works.
    """

    id: str
    state: State
    source: str
    directory: str | UnsetType = UNSET
    options: Options
    save: bool
    force: bool
    counts: Counts
    rate: float | None
    seconds_left: float | None
    problems: tuple[Problem, ...]
    created: Moment
    ended: Moment | UnsetType = UNSET

    @classmethod
    def of(cls, job: Job, tallies: Iterable[Tally], at: datetime) -> Self:
        pages = list(tallies)
        counts = Counts.of(pages)
        listing = not (pages and pages[-1].last)
        rate = None if job.state == "paused" else _rate(job, counts, at)
        left = counts.found - counts.finished
        return cls(
            id=job.id,
            state="listing" if listing and job.state == "running" else job.state,
            source=job.source,
            directory=job.directory,
            options=job.options,
            save=job.save,
            force=job.force,
            counts=counts,
            rate=None if rate is None else round(rate, 3),
            seconds_left=round(left / rate, 1)
            if rate and not listing and job.state == "running"
            else None,
            problems=job.problems,
            created=job.created,
            ended=job.ended,
        )


def new_id(at: datetime) -> str:
    """Give a name that sorts before those of earlier jobs and that nobody can guess."""
    left = _LAST_MS - int(at.timestamp() * 1000)
    return f"{left:011x}{secrets.token_hex(8)}"


def is_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def _rate(job: Job, counts: Counts, at: datetime) -> float | None:
    until = at if job.ended is UNSET else job.ended
    finished = counts.finished - job.before
    if finished <= 0:
        return None
    return finished / max((until - job.since).total_seconds(), _SHORTEST_S)
