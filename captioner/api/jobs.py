"""What each route of jobs does between its request and its answer."""

import base64
import binascii
from collections.abc import Callable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import azure.functions as func
import msgspec
from msgspec import Struct

from captioner.api.problems import answering_problems
from captioner.api.queries import number_in
from captioner.composition import Services
from captioner.errors import InvalidRequest, UnsupportedMediaType
from captioner.jobs import Cursor, JobRequest, JobStatus, Options

_JOBS = "/api/jobs"
_OPTIONS_IN_QUERY = frozenset(Options.__struct_fields__)


class Renewal(Struct, frozen=True, forbid_unknown_fields=True):
    """A renewed SAS URI of the directory of a job."""

    directory: str


class JobApi:
    """The HTTP side of jobs; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    @answering_problems
    def start(self, request: func.HttpRequest) -> func.HttpResponse:
        """Start the job in the request: 202, and where it is told of."""
        status = self._services().jobs.start(job_in(request))
        return _told(
            status, HTTPStatus.ACCEPTED, {"Location": f"{_JOBS}/{status.id}", "Retry-After": "2"}
        )

    @answering_problems
    def list(self, request: func.HttpRequest) -> func.HttpResponse:
        """List jobs, the newest first."""
        size = number_in(request, "limit", default=20, most=100)
        page = self._services().jobs.newest(_token(request.params.get("cursor", "")), size)
        following = page.next and base64.urlsafe_b64encode(page.next.encode()).decode()
        return func.HttpResponse(
            msgspec.json.encode({"jobs": page.jobs}),
            headers=_next_link(_JOBS, following, size),
            mimetype="application/json",
        )

    @answering_problems
    def status(self, request: func.HttpRequest) -> func.HttpResponse:
        """Tell how a job stands."""
        return _told(self._services().jobs.status(_id(request)))

    @answering_problems
    def results(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give results as lines of JSON; the link to the next ones is left out at the end."""
        cursor = request.params.get("cursor", "")
        limit = number_in(request, "limit", default=100, most=1000)
        page = self._services().jobs.results(
            _id(request), Cursor.parse(cursor) if cursor else Cursor(), limit
        )
        following = None if page.next is None else str(page.next)
        return func.HttpResponse(
            b"".join(line + b"\n" for line in page.lines),
            headers=_next_link(f"{_JOBS}/{_id(request)}/results", following, limit),
            mimetype="application/x-ndjson",
        )

    @answering_problems
    def renew(self, request: func.HttpRequest) -> func.HttpResponse:
        """Go on with a job by a renewed SAS URI."""
        renewal = _decoded(request, Renewal)
        return _told(self._services().jobs.renew(_id(request), renewal.directory))

    @answering_problems
    def cancel(self, request: func.HttpRequest) -> func.HttpResponse:
        """End a job; its results stay."""
        return _told(self._services().jobs.cancel(_id(request)))


def job_in(request: func.HttpRequest) -> JobRequest:
    """Give the job in a request: JSON, or a text of URLs with the options in the query.

    Raises `InvalidRequest` or `UnsupportedMediaType`.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type == "text/plain":
        try:
            lines = request.get_body().decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise InvalidRequest(
                "The list of URLs is not text in UTF-8; save it as such."
            ) from None
        urls = [line.strip() for line in lines if line.strip()]
        told = {name: request.params[name] for name in _OPTIONS_IN_QUERY & request.params.keys()}
        return _converted({**told, "urls": urls})
    if content_type == "application/json":
        return _decoded(request, JobRequest)
    raise UnsupportedMediaType(
        "Send a job as application/json, or a list of URLs, one a line, as text/plain."
    )


def _converted(members: dict[str, Any]) -> JobRequest:
    """Read a job whose options are text, as a query has them."""
    if "captioners" in members:
        members["captioners"] = [each for each in members["captioners"].split(",") if each]
    try:
        return msgspec.convert(members, JobRequest, strict=False)
    except msgspec.ValidationError as fault:
        raise InvalidRequest(f"The query cannot be read ({fault}).") from None


def _decoded[Kind: Struct](request: func.HttpRequest, kind: type[Kind]) -> Kind:
    try:
        return msgspec.json.decode(request.get_body(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        # Not chained: what it quotes may be signed.
        raise InvalidRequest(f"The request's JSON cannot be read ({fault}).") from None


def _told(
    status: JobStatus, code: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    return func.HttpResponse(
        msgspec.json.encode(status),
        status_code=code,
        headers={"Cache-Control": "no-cache", **(headers or {})},
        mimetype="application/json",
    )


def _id(request: func.HttpRequest) -> str:
    return str(request.route_params.get("id", ""))


def _token(cursor: str) -> str | None:
    if not cursor:
        return None
    try:
        return base64.urlsafe_b64decode(cursor.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise InvalidRequest("The query's 'cursor' is none that was given; leave it out.") from None


def _next_link(path: str, cursor: str | None, limit: int) -> dict[str, str]:
    """Give the header that names what comes next (RFC 8288); none at the end."""
    if cursor is None:
        return {}
    return {"Link": f'<{path}?{urlencode({"cursor": cursor, "limit": limit})}>; rel="next"'}
