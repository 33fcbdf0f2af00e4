"""Which version of a record a request may change: the header `If-Match` (RFC 9110)."""

import re

import azure.functions as func
from werkzeug.http import parse_etags

from captioner.curation import Expected, anything
from captioner.errors import InvalidRequest, PreconditionMissing

_ETAG = r'(W/)?"[!#-~]*"'
_IF_MATCH = re.compile(rf"\*|{_ETAG}(\s*,\s*{_ETAG})*")


def expected_by(request: func.HttpRequest, *, required: bool) -> Expected:
    """Tell which versions of a record a request may change.

    Raises `PreconditionMissing` where it does not say and must, or `InvalidRequest`.
    """
    header = request.headers.get("if-match", "").strip()
    if not header and required:
        raise PreconditionMissing(
            "Send the header If-Match with the ETag of the record that you have seen."
        )
    if not header:
        return anything
    if not _IF_MATCH.fullmatch(header):
        raise InvalidRequest("The header If-Match must be * or the ETag, in its quotation marks.")
    told = parse_etags(header)
    # Ours are all strong: a weak one is ours after a proxy has compressed the answer, and names the
    # same version.
    return lambda etag: told.contains_weak(etag.strip('"'))
