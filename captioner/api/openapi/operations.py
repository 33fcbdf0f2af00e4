"""What can be asked of the API: each route with what it takes, what it answers, how it fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from captioner import errors
from captioner.api.documents import Health, JobList, Results
from captioner.api.openapi import examples
from captioner.api.requests import (
    JobsQuery,
    ListQuery,
    Query,
    Renewal,
    ResultsQuery,
    SearchQuery,
)
from captioner.errors import CaptionerError
from captioner.images import MEDIA_TYPES
from captioner.jobs import Backfill, JobStatus, Result
from captioner.ondemand import MOST_INLINE, ManyUrls, OneDirectory, OneUrl
from captioner.records import CaptionRecord
from captioner.search import SearchAnswer

type Schema = Mapping[str, Any]
type Method = Literal["get", "post", "patch", "delete"]


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
    """A value that a request has in its path or in a header."""

    name: str
    within: Literal["path", "header"]
    description: str
    schema: Schema
    example: str


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


_JSON = "application/json"

_NAME = Place(
    "name",
    "path",
    "The image's name in its container. It may hold slashes, sent as they are.",
    {"type": "string", "minLength": 1, "maxLength": 1024, "pattern": r"^[^\\\x00-\x1f\x7f]+$"},
    "dog.jpg",
)
_JOB = Place(
    "id",
    "path",
    "The job's id, as its document has it.",
    {"type": "string", "pattern": "^[0-9a-f]{27}$"},
    examples.JOB.id,
)
_KNOWN = Place(
    "If-None-Match",
    "header",
    "The `ETag` of the record that the client has.",
    {"type": "string"},
    '"0x8DE2A"',
)

_NEXT = 'Names what comes next, as `<…>; rel="next"` (RFC 8288); left out at the end.'
_FRESH = "`no-cache`: ask again before it is shown again."
_JOB_DOCUMENT = Content(_JSON, (JobStatus,), examples={"running": examples.JOB})
_ACCEPTED = Answer(
    202,
    "A job has begun.",
    (_JOB_DOCUMENT,),
    {
        "Location": "Where to ask how the job stands; its records are there under `/results`.",
        "Retry-After": "After how many seconds to ask.",
        "Cache-Control": _FRESH,
    },
    {
        "job": "How the job stands.",
        "results": "What it has found.",
        "renewJob": "Goes on with it by a new SAS.",
        "cancelJob": "Ends it.",
    },
)

# What storage may do at any time, and what no operation is safe from.
_STORAGE = (errors.StoreRefused, errors.StoreUnavailable)
_ELSEWHERE = (errors.UrlError, errors.SasError, errors.DownloadError)

OPERATIONS = (
    Operation(
        id="caption",
        method="post",
        path="/api/caption",
        group="Captions",
        summary="Caption images",
        description=(
            "Send one image as the body, several as the files of a form, or name in JSON where "
            f"they lie. Up to {MOST_INLINE} images are answered at once, within two minutes or "
            "soon after; more become a job. One image is answered with its record, or with the "
            "problem that kept it from having any caption. A list has a record for each image in "
            "the order asked, and what is wrong with one is a problem in its own record. The "
            "options are in the query beside images that are sent, and in the JSON else."
        ),
        query=Query,
        body=(
            *(Content(each) for each in (*MEDIA_TYPES, "application/octet-stream")),
            Content(
                "multipart/form-data",
                schema={
                    "type": "object",
                    "properties": {
                        "file": {
                            "description": f"The images, 1 to {MOST_INLINE} of them. The fields "
                            "may have any names, for any of the files.",
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "minItems": 1,
                            "maxItems": MOST_INLINE,
                        }
                    },
                    "required": ["file"],
                },
            ),
            Content(
                _JSON,
                (OneUrl, ManyUrls, OneDirectory),
                examples={
                    "url": examples.ONE_URL,
                    "urls": examples.MANY_URLS,
                    "directory": examples.DIRECTORY,
                },
            ),
        ),
        answers=(
            Answer(
                200,
                "The record of the one image that was sent or whose `url` was, else those of all.",
                (
                    Content(
                        _JSON,
                        (CaptionRecord, Results),
                        examples={"record": examples.RECORD, "results": examples.RESULTS},
                    ),
                ),
            ),
            _ACCEPTED,
        ),
        faults=(
            errors.ImageError,
            *_ELSEWHERE,
            errors.VisionError,
            errors.BundleError,
            errors.WishError,
            errors.CaptionBlocked,
            errors.CaptionerTimeout,
            errors.StoreConflict,
            *_STORAGE,
            errors.InvalidRequest,
            errors.ContradictoryRequest,
            errors.RequestTooLarge,
            errors.SaveRefused,
            errors.UnsupportedMediaType,
        ),
    ),
    Operation(
        id="record",
        method="get",
        path="/api/captions/{name}",
        group="Captions",
        summary="The record of an image in the container",
        description="What was found out about an image that was dropped into the container.",
        places=(_NAME, _KNOWN),
        answers=(
            Answer(
                200,
                "The record.",
                (Content(_JSON, (CaptionRecord,), examples={"record": examples.RECORD}),),
                {"ETag": "Which version this is.", "Cache-Control": _FRESH},
            ),
            Answer(304, "The client has this version.", headers={"ETag": "Which version."}),
        ),
        faults=(
            errors.RecordNotFound,
            errors.RecordUnreadable,
            *_STORAGE,
            errors.InvalidRequest,
        ),
    ),
    Operation(
        id="startJob",
        method="post",
        path="/api/jobs",
        group="Jobs",
        summary="Start a job",
        description=(
            "A job captions a directory in somebody's storage account, a list of URLs, or all that "
            "lacks a record in the images container. A list may be sent as text with one URL a "
            "line; the options are in the query then, else in the JSON."
        ),
        query=ListQuery,
        body=(
            Content(
                _JSON,
                (ManyUrls, OneDirectory, Backfill),
                examples={
                    "urls": examples.MANY_URLS,
                    "directory": examples.DIRECTORY,
                    "backfill": examples.BACKFILL,
                },
            ),
            Content(
                "text/plain",
                schema={"type": "string", "pattern": r"\S"},
                examples={"list": examples.LIST},
            ),
        ),
        answers=(_ACCEPTED,),
        faults=(
            *_ELSEWHERE,
            errors.CaptionerNotConfigured,
            errors.StoreConflict,
            *_STORAGE,
            errors.InvalidRequest,
            errors.ContradictoryRequest,
            errors.RequestTooLarge,
            errors.SaveRefused,
            errors.UnsupportedMediaType,
        ),
    ),
    Operation(
        id="listJobs",
        method="get",
        path="/api/jobs",
        group="Jobs",
        summary="All jobs",
        description="Jobs, the newest first.",
        query=JobsQuery,
        answers=(
            Answer(
                200,
                "Some of them.",
                (Content(_JSON, (JobList,), examples={"jobs": examples.JOBS}),),
                {"Link": _NEXT},
            ),
        ),
        faults=(*_STORAGE, errors.InvalidRequest, errors.InvalidCursor),
    ),
    Operation(
        id="job",
        method="get",
        path="/api/jobs/{id}",
        group="Jobs",
        summary="How a job stands",
        description="Its state, its counts, its rate, and the time it has left.",
        places=(_JOB,),
        answers=(Answer(200, "The job.", (_JOB_DOCUMENT,), {"Cache-Control": _FRESH}),),
        faults=(errors.JobNotFound, *_STORAGE),
    ),
    Operation(
        id="results",
        method="get",
        path="/api/jobs/{id}/results",
        group="Jobs",
        summary="The results of a job",
        description=(
            "One JSON document a line, a record or a problem for each image. Readable while the "
            "job runs: no result comes twice, and none is passed over."
        ),
        places=(_JOB,),
        query=ResultsQuery,
        answers=(
            Answer(
                200,
                "Some of them; each line is a `Result`, empty where there are none yet.",
                (
                    Content(
                        "application/x-ndjson",
                        (Result,),
                        schema={"type": "string"},
                        examples={"results": examples.RESULT_LINES},
                    ),
                ),
                {"Link": _NEXT},
            ),
        ),
        faults=(errors.JobNotFound, *_STORAGE, errors.InvalidRequest, errors.InvalidCursor),
    ),
    Operation(
        id="renewJob",
        method="patch",
        path="/api/jobs/{id}",
        group="Jobs",
        summary="Go on with a job by a new SAS",
        description="For a job over a directory whose shared access signature has expired.",
        places=(_JOB,),
        body=(Content(_JSON, (Renewal,), examples={"directory": examples.RENEWAL}),),
        answers=(
            Answer(200, "The job, which goes on.", (_JOB_DOCUMENT,), {"Cache-Control": _FRESH}),
        ),
        faults=(
            errors.JobError,
            *_ELSEWHERE,
            errors.StoreConflict,
            *_STORAGE,
            errors.InvalidRequest,
            errors.ContradictoryRequest,
            errors.RequestTooLarge,
        ),
    ),
    Operation(
        id="cancelJob",
        method="delete",
        path="/api/jobs/{id}",
        group="Jobs",
        summary="Cancel a job",
        description="The job ends; what it has found stays. One that has ended stays as it is.",
        places=(_JOB,),
        answers=(
            Answer(200, "The job, which has ended.", (_JOB_DOCUMENT,), {"Cache-Control": _FRESH}),
        ),
        faults=(errors.JobNotFound, errors.StoreConflict, *_STORAGE),
    ),
    Operation(
        id="search",
        method="get",
        path="/api/search",
        group="Search",
        summary="Find images by what their records say",
        description=(
            "Looks through captions, alt texts, tags and names, the best first. Any of the words "
            "is enough, the more the better; words in quotation marks must stand side by side; a "
            "star ends a beginning of words. Misspelt words are mended where they are nowhere."
        ),
        query=SearchQuery,
        answers=(
            Answer(
                200,
                "What was found.",
                (Content(_JSON, (SearchAnswer,), examples={"found": examples.FOUND}),),
            ),
        ),
        faults=(errors.SearchError, *_STORAGE, errors.InvalidRequest, errors.InvalidQuery),
    ),
    Operation(
        id="health",
        method="get",
        path="/api/health",
        group="About",
        summary="Whether images can be captioned here",
        description="Tells codes only, as it is open to anybody; the log has the rest.",
        answers=(
            Answer(
                200, "They can.", (Content(_JSON, (Health,), examples={"ok": examples.HEALTH}),)
            ),
            Answer(503, "They cannot.", (Content(_JSON, (Health,)),)),
        ),
        keyed=False,
    ),
    Operation(
        id="schema",
        method="get",
        path="/api/schema",
        group="About",
        summary="The JSON Schema of a record",
        description="For those who check sidecars.",
        answers=(
            Answer(
                200,
                "A JSON Schema (2020-12).",
                (Content("application/schema+json", schema={"type": "object"}),),
            ),
        ),
    ),
    Operation(
        id="openapi",
        method="get",
        path="/api/openapi.json",
        group="About",
        summary="This description, for programs",
        description="OpenAPI 3.1.",
        answers=(
            Answer(
                200,
                "An OpenAPI document.",
                (Content("application/vnd.oai.openapi+json", schema={"type": "object"}),),
            ),
        ),
        keyed=False,
    ),
    Operation(
        id="docs",
        method="get",
        path="/api/docs",
        group="About",
        summary="This description, for people",
        description="One page, made of the same.",
        answers=(Answer(200, "The page.", (Content("text/html", schema={"type": "string"}),)),),
        keyed=False,
    ),
)
