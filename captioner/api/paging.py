"""Long answers in parts: cursors, and the links that hold them."""

import base64
from collections.abc import Mapping
from urllib.parse import urlencode

from captioner.errors import InvalidCursor


def cursor_of(token: str) -> str:
    """Write a mark of our own as a cursor."""
    return base64.urlsafe_b64encode(token.encode()).decode()


def token_in(cursor: str) -> str | None:
    """Read the mark out of a cursor, None out of an empty one; raises `InvalidCursor`."""
    if not cursor:
        return None
    try:
        token = base64.b64decode(cursor, altchars=b"-_", validate=True).decode()
    except ValueError:
        token = ""
    if not token.isprintable() or not token:
        raise InvalidCursor("The query's 'cursor' is none that was given; leave it out.")
    return token


def next_link(path: str, cursor: str | None, query: Mapping[str, object]) -> dict[str, str]:
    """Give the header that names what comes next (RFC 8288); none at the end."""
    if cursor is None:
        return {}
    return {"Link": f'<{path}?{urlencode({"cursor": cursor, **query})}>; rel="next"'}
