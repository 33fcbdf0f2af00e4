"""What each route does between its request and its answer."""

import logging
from collections.abc import Callable

import azure.functions as func
import msgspec

from captioner import __version__
from captioner.api.answers import has_version, json_answer
from captioner.api.captions import Captions
from captioner.api.documents import Health
from captioner.api.openapi import docs_page, openapi_document
from captioner.api.problems import answering_problems
from captioner.api.requests import SearchQuery, read_query
from captioner.composition import Services
from captioner.errors import CaptionerError
from captioner.records import json_schema, to_json
from captioner.search import parse

_log = logging.getLogger(__name__)


class Api:
    """The HTTP side of captioner; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services
        self._captions = Captions(services)

    @answering_problems
    def caption(self, request: func.HttpRequest) -> func.HttpResponse:
        """Caption the images that the request sends or names.

        One image is answered with its record, or with what went wrong; several with a list, where
        what is wrong with one is told in its own record.
        """
        return self._captions.answer(request)

    @answering_problems
    def record(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give the sidecar of the image that the route names, or 304 where the client has it."""
        record, etag = self._services().store.get_record(request.route_params.get("name", ""))
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if has_version(request, etag):
            return func.HttpResponse(status_code=304, headers=headers)
        return json_answer(to_json(record), headers=headers)

    @answering_problems
    def search(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give the images whose records say what the query's `q` asks for, the best first."""
        asked = read_query(request.params, SearchQuery)
        answer = self._services().search.search(
            parse(asked.q),
            limit=asked.limit,
            offset=asked.offset,
            source=asked.source,
            status=asked.status,
        )
        return json_answer(msgspec.json.encode(answer))

    @answering_problems
    def health(self, _: func.HttpRequest) -> func.HttpResponse:
        """Tell whether images can be captioned here; 503 where they cannot.

        Open to anybody, so it tells codes only; the log has the rest.
        """
        services = self._services()
        faults: list[CaptionerError] = []
        bundle = None
        try:
            bundle = services.own_captioner().model
        except CaptionerError as fault:
            faults.append(fault)
        try:
            services.store.ping()
        except CaptionerError as fault:
            faults.append(fault)
        for each in faults:
            _log.error("Images cannot be captioned: %s", each.message)
        document = Health(
            status="failing" if faults else "ok",
            version=__version__,
            bundle=bundle,
            model=services.own_captioner.standing(),
            captioners=tuple(services.captioning.sources),
            problems=tuple(fault.code for fault in faults),
        )
        return json_answer(msgspec.json.encode(document), status_code=503 if faults else 200)

    @answering_problems
    def schema(self, _: func.HttpRequest) -> func.HttpResponse:
        """Give the JSON Schema of a record."""
        return json_answer(msgspec.json.encode(json_schema()), mimetype="application/schema+json")

    @answering_problems
    def openapi(self, _: func.HttpRequest) -> func.HttpResponse:
        """Give the OpenAPI document of these routes."""
        return json_answer(
            msgspec.json.encode(openapi_document()), mimetype="application/vnd.oai.openapi+json"
        )

    @answering_problems
    def docs(self, _: func.HttpRequest) -> func.HttpResponse:
        """Give the same as a page."""
        page, policy = docs_page()
        headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
        return func.HttpResponse(page, headers=headers, mimetype="text/html")
