"""What each route of jobs does between its request and its answer."""

from collections.abc import Callable

import azure.functions as func
import msgspec

from captioner.api.answers import JOBS, job_accepted, job_answer, json_answer
from captioner.api.documents import JobList
from captioner.api.paging import cursor_of, next_link, token_in
from captioner.api.problems import answering_problems
from captioner.api.requests import (
    JobsQuery,
    ResultsQuery,
    read_job,
    read_query,
    read_renewal,
    read_urls,
)
from captioner.api.uploads import is_json, media_type_of
from captioner.composition import Services
from captioner.errors import UnsupportedMediaType
from captioner.jobs import Cursor, JobRequest


class JobApi:
    """The HTTP side of jobs; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    @answering_problems
    def start(self, request: func.HttpRequest) -> func.HttpResponse:
        """Start the job in the request: 202, and where it is told of."""
        return job_accepted(self._services().jobs.start(job_in(request)))

    @answering_problems
    def list(self, request: func.HttpRequest) -> func.HttpResponse:
        """List jobs, the newest first."""
        query = read_query(request.params, JobsQuery)
        page = self._services().jobs.newest(token_in(query.cursor), query.limit)
        following = page.next and cursor_of(page.next)
        return json_answer(
            msgspec.json.encode(JobList(page.jobs)),
            headers=next_link(JOBS, following, {"limit": query.limit}),
        )

    @answering_problems
    def status(self, request: func.HttpRequest) -> func.HttpResponse:
        """Tell how a job stands."""
        return job_answer(self._services().jobs.status(_id(request)))

    @answering_problems
    def results(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give results as lines of JSON; the link to the next ones is left out at the end."""
        query = read_query(request.params, ResultsQuery)
        cursor = Cursor.parse(query.cursor) if query.cursor else Cursor()
        page = self._services().jobs.results(_id(request), cursor, query.limit)
        following = None if page.next is None else str(page.next)
        return json_answer(
            b"".join(line + b"\n" for line in page.lines),
            headers=next_link(f"{JOBS}/{_id(request)}/results", following, {"limit": query.limit}),
            mimetype="application/x-ndjson",
        )

    @answering_problems
    def renew(self, request: func.HttpRequest) -> func.HttpResponse:
        """Go on with a job by a new SAS URI."""
        renewal = read_renewal(request.get_body())
        return job_answer(self._services().jobs.renew(_id(request), renewal.directory))

    @answering_problems
    def cancel(self, request: func.HttpRequest) -> func.HttpResponse:
        """End a job; its results stay."""
        return job_answer(self._services().jobs.cancel(_id(request)))


def job_in(request: func.HttpRequest) -> JobRequest:
    """Give the job in a request: JSON, or a text of URLs with the options in the query.

    Raises `InvalidRequest`, `RequestTooLarge` or `UnsupportedMediaType`.
    """
    if is_json(request):
        return read_job(request.get_body(), request.params)
    if media_type_of(request) == "text/plain":
        return read_urls(request.get_body(), request.params)
    raise UnsupportedMediaType(
        "Send a job as application/json, or a list of URLs, one a line, as text/plain."
    )


def _id(request: func.HttpRequest) -> str:
    return str(request.route_params.get("id", ""))
