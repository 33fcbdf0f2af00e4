"""The gallery page over HTTP: files that hold no secret, so that no key is needed to get them."""

import azure.functions as func
from werkzeug.http import parse_accept_header, parse_etags, unquote_etag

from captioner.api.problems import answering_problems
from captioner.web import INDEX, page_file

# The page runs its own scripts and styles only, shows pictures that it fetched with its key, and
# sends nothing anywhere else.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class PageApi:
    """The HTTP side of the page."""

    @answering_problems
    def index(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give the page itself."""
        return _file(INDEX, request)

    @answering_problems
    def file(self, request: func.HttpRequest) -> func.HttpResponse:
        """Give the file of the page that the route names."""
        return _file(request.route_params.get("file", ""), request)


def _file(name: str, request: func.HttpRequest) -> func.HttpResponse:
    """Give a file, or 304 where the client has it."""
    file = page_file(name)
    headers = {
        "ETag": file.etag,
        "Cache-Control": "no-cache",
        "Vary": "Accept-Encoding",
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if parse_etags(request.headers.get("if-none-match")).contains_weak(unquote_etag(file.etag)[0]):
        return func.HttpResponse(status_code=304, headers=headers)
    # The platform compresses nothing, and these are a quarter as large compressed.
    if parse_accept_header(request.headers.get("accept-encoding"))["gzip"]:
        headers["Content-Encoding"] = "gzip"
        return func.HttpResponse(file.compressed, headers=headers, mimetype=file.media_type)
    return func.HttpResponse(file.content, headers=headers, mimetype=file.media_type)
