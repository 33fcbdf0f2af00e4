"""`GET` and `POST /api/export`: records in the forms in which they are published."""

from collections.abc import Callable
from urllib.parse import quote, unquote

import azure.functions as func
import msgspec
from werkzeug.http import dump_options_header

from captioner.api.paging import cursor_of, next_link, token_in
from captioner.api.problems import answering_problems
from captioner.api.requests import ExportQuery, read_export, read_query
from captioner.api.uploads import is_json
from captioner.collection import Filters
from captioner.composition import Services
from captioner.errors import ContradictoryRequest, UnsupportedMediaType
from captioner.exports import Export, Exports, Format, export_of, export_one

EXPORT = "/api/export"
LEFT_OUT = "Captioner-Left-Out"


class ExportApi:
    """The HTTP side of exports; `services` is asked for with each request."""

    def __init__(self, services: Callable[[], Services]) -> None:
        self._services = services

    @answering_problems
    def get(self, request: func.HttpRequest) -> func.HttpResponse:
        """Export the image that the query names, or a part of all that are as it says."""
        query = read_query(request.params, ExportQuery)
        exports = self._services().exports
        filters = msgspec.convert(query, Filters, from_attributes=True)
        if query.name is not None:
            if filters != Filters() or query.cursor:
                raise ContradictoryRequest(
                    "One image is exported by 'name', several by filters; leave either out."
                )
            return _one(exports, query.format, query.name)
        # A cursor is made of what can be printed; the names of images need not be.
        token = token_in(query.cursor)
        after = None if token is None else unquote(token)
        part = exports.part(filters, after=after, limit=query.limit)
        following = None if part.next is None else cursor_of(quote(part.next))
        export = export_of(query.format, part.records, exports.canvas, first=not query.cursor)
        asked = {
            name: value
            for name, value in msgspec.structs.asdict(query).items()
            if value is not None and name != "cursor"
        }
        return _answer(export, next_link(EXPORT, following, asked))

    @answering_problems
    def post(self, request: func.HttpRequest) -> func.HttpResponse:
        """Export the images that the JSON names, in that order."""
        if not is_json(request):
            raise UnsupportedMediaType("Send the names of the images as application/json.")
        asked = read_export(request.get_body(), request.params)
        exports = self._services().exports
        if len(asked.names) == 1:
            return _one(exports, asked.format, asked.names[0])
        records = tuple(exports.named(asked.names))
        return _answer(export_of(asked.format, records, exports.canvas))


def _one(exports: Exports, wanted: Format, name: str) -> func.HttpResponse:
    return _answer(export_one(wanted, exports.one(name), exports.canvas))


def _answer(export: Export, headers: dict[str, str] | None = None) -> func.HttpResponse:
    """Give a file to be kept, which no browser shows or runs as a page of this site."""
    return func.HttpResponse(
        export.data,
        headers={
            "Content-Disposition": _attached(export.name),
            "Content-Security-Policy": "sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-cache",
            LEFT_OUT: str(export.left_out),
            **(headers or {}),
        },
        mimetype=export.media_type,
    )


def _attached(name: str) -> str:
    """Name a file to be kept (RFC 6266); where it is not ASCII, old clients get a likeness."""
    plain = name.encode("ascii", errors="replace").decode().replace("?", "_")
    also = {} if plain == name else {"filename*": f"UTF-8''{quote(name, safe='')}"}
    return dump_options_header("attachment", {"filename": plain, **also})
