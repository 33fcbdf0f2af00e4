"""What an operation is told with, and what several of them share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from captioner import errors
from captioner.api.openapi import examples
from captioner.errors import CaptionerError
from captioner.jobs import JobStatus

type Schema = Mapping[str, Any]
type Method = Literal["get", "post", "put", "patch", "delete"]


@dataclass(frozen=True, slots=True)
class Content:
    """A body of one media type: of one of some types, or of a schema; `examples` by name."""

    media_type: str
    types: tuple[Any, ...] = ()
    schema: Schema = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered where nothing fails; headers with what each tells.

    `links` are operations that the answer's `id` leads on to, with what they do.
    """

    status: int
    description: str
    content: tuple[Content, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """A value that a request has in its path, where it must, or in a header, where it may."""

    name: str
    within: Literal["path", "header"]
    description: str
    schema: Schema
    example: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path; `query` is the type that its query is read into.

    `faults` may each stand for the errors below it. Those of every operation are left out.
    """

    id: str
    method: Method
    path: str
    summary: str
    description: str
    group: str
    places: tuple[Place, ...] = ()
    query: type | None = None
    body: tuple[Content, ...] = ()
    answers: tuple[Answer, ...]
    faults: tuple[type[CaptionerError], ...] = ()
    keyed: bool = True


JSON = "application/json"

NAME = Place(
    "name",
    "path",
    "The image's name in its container. It may hold slashes, sent as they are.",
    {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"^[^\\\x00-\x1f\x7f]+$"},
    "dog.jpg",
)
JOB = Place(
    "id",
    "path",
    "The job's id, as its document has it.",
    {"type": "string", "pattern": "^[0-9a-f]{27}$"},
    examples.JOB.id,
)
KNOWN = Place(
    "If-None-Match",
    "header",
    "The `ETag` of the record that the client has.",
    {"type": "string"},
    '"0x8DE2A"',
)

NEXT = 'Names what comes next, as `<…>; rel="next"` (RFC 8288); left out at the end.'
FRESH = "`no-cache`: ask again before it is shown again."
JOB_DOCUMENT = Content(JSON, (JobStatus,), examples={"running": examples.JOB})
ACCEPTED = Answer(
    202,
    "A job has begun.",
    (JOB_DOCUMENT,),
    {
        "Location": "Where to ask how the job stands; its records are there under `/results`.",
        "Retry-After": "After how many seconds to ask.",
        "Cache-Control": FRESH,
    },
    {
        "job": "How the job stands.",
        "results": "What it has found.",
        "renewJob": "Goes on with it by a new SAS.",
        "cancelJob": "Ends it.",
    },
)

# What storage may do at any time, and what no operation is safe from.
STORAGE = (errors.StoreRefused, errors.StoreUnavailable)
ELSEWHERE = (errors.UrlError, errors.SasError, errors.DownloadError)
