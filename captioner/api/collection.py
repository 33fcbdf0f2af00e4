"""The images there are, and how captions fared with people."""

from collections.abc import Callable
from hashlib import sha256

import azure.functions as func
import msgspec
from msgspec import Struct

from captioner.api.answers import has_version, json_answer
from captioner.api.problems import answering_problems
from captioner.api.requests import ImagesQuery, read_query
from captioner.composition import Services


class CollectionApi:
    """The HTTP side of the collection; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    @answering_problems
    def images(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give a page of the images that the query asks for."""
        asked = read_query(request.params, ImagesQuery)
        page = self._services().collection.images(
            asked, sort=asked.sort, limit=asked.limit, offset=asked.offset
        )
        return _unless_known(request, page)

    @answering_problems
    def quality(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give how captions fared with people."""
        return _unless_known(request, self._services().collection.quality())


def _unless_known(request: func.HttpRequest, document: Struct) -> func.HttpResponse:
    """Give a document, or 304 where the client has the very same."""
    body = msgspec.json.encode(document)
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if has_version(request, etag):
        return func.HttpResponse(status_code=304, headers=headers)
    return json_answer(body, headers=headers)
