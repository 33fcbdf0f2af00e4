"""`/api/images`, `/api/thumbnails`, `/api/attention`: images, and where the model looks."""

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import quote

import azure.functions as func
import msgspec

from captioner.api.answers import HARMLESS, has_version, json_answer
from captioner.api.problems import answering_problems
from captioner.api.requests import ThumbnailQuery, read_query
from captioner.composition import Services
from captioner.errors import InvalidRequest
from captioner.images import HEAD_BYTES, content_type_of
from captioner.thumbnails import CONTENT_TYPE

RECORDS = "/api/captions"

_FRESH = "no-cache"
_FOR_GOOD = "private, max-age=31536000, immutable"
_UNKNOWN_TYPE = "application/octet-stream"
# What some browsers would unescape, and what would end the quotation.
_ODD = re.compile(r'[^ -~]|["%\\]')


class ImageApi:
    """Takes images and gives them; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    @answering_problems
    def put(self, request: func.HttpRequest) -> func.HttpResponse:
        """Keep the body as the image that the route names; its captions follow by themselves."""
        told = request.headers.get("if-none-match")
        if told is not None and told.strip() != "*":
            raise InvalidRequest("'If-None-Match' must be *, or left out to replace an image.")
        upload, is_new = self._services().uploads.take(
            _name(request), request.get_body(), overwrite=told is None
        )
        return json_answer(
            msgspec.json.encode(upload),
            status_code=HTTPStatus.CREATED if is_new else HTTPStatus.OK,
            headers={"Location": f"{RECORDS}/{quote(upload.name)}"},
        )

    @answering_problems
    def get(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give an image as it was sent, to be saved, or 304 where the client has it."""
        store, name = self._services().store, _name(request)
        if has_version(request, etag := store.find_image(name).etag):
            return _unchanged(etag, _FRESH)
        image = store.get_image(name)
        headers = {
            "ETag": image.etag,
            "Cache-Control": _FRESH,
            "Content-Disposition": attachment(name),
            **HARMLESS,
        }
        kind = content_type_of(image.data[:HEAD_BYTES]) or _UNKNOWN_TYPE
        return func.HttpResponse(image.data, headers=headers, mimetype=kind)

    @answering_problems
    def thumbnail(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give a small copy of an image, or 304 where the client has it."""
        asked = read_query(request.params, ThumbnailQuery)
        found = self._services().thumbnails.get(_name(request), asked.size, asked.version)
        etag = f'"{found.version}-{asked.size}"'
        keeping = _FOR_GOOD if found.version == asked.version else _FRESH
        if has_version(request, etag):
            return _unchanged(etag, keeping)
        headers = {"ETag": etag, "Cache-Control": keeping, **HARMLESS}
        return func.HttpResponse(found.data, headers=headers, mimetype=CONTENT_TYPE)

    @answering_problems
    def attention(self, request: func.HttpRequest) -> func.HttpResponse:
        """Tell where the own model looks for each word of its caption."""
        found = self._services().explanations.of(_name(request))
        return json_answer(msgspec.json.encode(found), headers={"Cache-Control": _FRESH})


def attachment(path: str) -> str:
    """Give the header that has a browser save a file under the last part of its name.

    The name is told twice (RFC 6266): in plain ASCII, and whole. Nothing of it ends the header.
    """
    name = path.rstrip("/").rpartition("/")[2] or "image"
    plain = _ODD.sub("_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _name(request: func.HttpRequest) -> str:
    return str(request.route_params.get("name", ""))


def _unchanged(etag: str, keeping: str) -> func.HttpResponse:
    headers = {"ETag": etag, "Cache-Control": keeping}
    return func.HttpResponse(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
