"""What each route does between its request and its answer."""

import logging
from collections.abc import Callable

import azure.functions as func
import msgspec
from werkzeug.http import parse_etags

from captioner import __version__
from captioner.api.problems import answering_problems
from captioner.api.queries import choice_in, number_in
from captioner.api.uploads import image_in
from captioner.captioning import Image, log_record
from captioner.composition import Services
from captioner.errors import CaptionerError
from captioner.records import ImageFacts, json_schema, to_json
from captioner.search import LAST_RESULT, MOST_RESULTS, parse

_log = logging.getLogger(__name__)


class Api:
    """The HTTP side of captioner; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    @answering_problems
    def caption(self, request: func.HttpRequest) -> func.HttpResponse:
        """Caption the image in the request; nothing is stored.

        The query's `neutral` goes before the app's setting. A record without any caption is no
        answer: the first fault that led to it is.
        """
        neutral = choice_in(request, "neutral")
        name, data = image_in(request)
        (captioned,) = self._services().captioning.caption(
            [Image(ImageFacts(name=name), data)], neutral=neutral
        )
        log_record(captioned.record)
        if not captioned.record.captions:
            raise next(iter(captioned.faults.values()))
        return _json(to_json(captioned.record))

    @answering_problems
    def record(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give the sidecar of the image that the route names, or 304 where the client has it."""
        record, etag = self._services().store.get_record(request.route_params.get("name", ""))
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        known = parse_etags(request.headers.get("if-none-match"))
        if known.contains_weak(etag.strip('"')):
            return func.HttpResponse(status_code=304, headers=headers)
        return _json(to_json(record), headers=headers)

    @answering_problems
    def search(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give the images whose records say what the query's `q` asks for, the best first."""
        query = parse(request.params.get("q", ""))
        answer = self._services().search.search(
            query,
            limit=number_in(request, "limit", default=20, low=1, high=MOST_RESULTS),
            offset=number_in(request, "offset", default=0, low=0, high=LAST_RESULT),
            source=request.params.get("source") or None,
            status=request.params.get("status") or None,
        )
        return _json(msgspec.json.encode(answer))

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
        document = {
            "status": "failing" if faults else "ok",
            "version": __version__,
            "bundle": bundle,
            "captioners": services.captioning.sources,
            "problems": [fault.code for fault in faults],
        }
        return _json(msgspec.json.encode(document), status_code=503 if faults else 200)

    @answering_problems
    def schema(self, _: func.HttpRequest) -> func.HttpResponse:
        """Give the JSON Schema of a record."""
        return _json(msgspec.json.encode(json_schema()), mimetype="application/schema+json")


def _json(
    body: bytes,
    *,
    status_code: int = 200,
    headers: dict[str, str] | None = None,
    mimetype: str = "application/json",
) -> func.HttpResponse:
    return func.HttpResponse(body, status_code=status_code, headers=headers, mimetype=mimetype)
