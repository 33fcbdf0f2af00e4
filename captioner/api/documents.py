"""The documents that only HTTP answers have; records, jobs and searches have types of their own."""

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

from captioner.curation import Current
from captioner.jobs import JobStatus
from captioner.records import CaptionRecord, ModelName
from captioner.serving import ModelStanding


class Results(Struct, frozen=True):
    """The records of several images, in the order asked; one without captions tells why."""

    results: tuple[CaptionRecord, ...]


class JobList(Struct, frozen=True):
    """Jobs, the newest first."""

    jobs: tuple[JobStatus, ...]


class Health(Struct, frozen=True, kw_only=True):
    """Whether images can be captioned here, by which model, and the codes of what is wrong.

    `model` tells where the model comes from; that a newer version is refused is told there, and
    fails nobody.
    """

    status: Literal["ok", "failing"]
    version: str
    bundle: ModelName | None
    model: ModelStanding
    captioners: tuple[str, ...]
    problems: tuple[str, ...]


class ProblemDocument(Struct, frozen=True, kw_only=True):
    """What went wrong (RFC 9457): `code` is stable, `detail` says what to do.

    `current` goes with `edit_conflict`.
    """

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    code: str
    detail: str
    current: Current | UnsetType = UNSET
