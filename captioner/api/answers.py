"""Answers that are put together in one way only."""

from http import HTTPStatus

import azure.functions as func
import msgspec
from werkzeug.http import parse_etags

from captioner.jobs import JobStatus

JOBS = "/api/jobs"

_LOOK_AFTER_S = 2


# What is served from a stranger's bytes is shown as what it is told to be, and runs nothing.
HARMLESS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}


def has_version(request: func.HttpRequest, etag: str) -> bool:
    """Tell whether the client has this version, as its `If-None-Match` says."""
    known = parse_etags(request.headers.get("if-none-match"))
    return known.contains_weak(etag.strip('"'))


def json_answer(
    body: bytes,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
    mimetype: str = "application/json",
) -> func.HttpResponse:
    return func.HttpResponse(body, status_code=status_code, headers=headers, mimetype=mimetype)


def job_answer(
    job: JobStatus, *, status_code: int = 200, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """Tell how a job stands."""
    return json_answer(
        msgspec.json.encode(job),
        status_code=status_code,
        headers={"Cache-Control": "no-cache", **(headers or {})},
    )


def job_accepted(job: JobStatus) -> func.HttpResponse:
    """Tell that a job has started: 202, and where it is told of."""
    return job_answer(
        job,
        status_code=HTTPStatus.ACCEPTED,
        headers={"Location": f"{JOBS}/{job.id}", "Retry-After": str(_LOOK_AFTER_S)},
    )
