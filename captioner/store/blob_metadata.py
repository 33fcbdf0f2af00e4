"""What uploaders write beside an image, in the metadata of its blob.

Metadata travels in HTTP headers, which hold ASCII only, so whatever is beyond that comes encoded.
"""

from collections.abc import Mapping
from email.errors import MessageError
from email.header import decode_header, make_header
from urllib.parse import unquote

_ALT_TEXT = "alt_text"


def alt_text_in(metadata: Mapping[str, str] | None) -> str | None:
    """Give the value of `alt_text`, in whatever case its name is; None where there is none.

    An encoded value is decoded: RFC 2047 (`=?UTF-8?B?…?=`), or UTF-8 in percent-encoding. What
    looks encoded and cannot be decoded is given as it is.
    """
    for key, value in (metadata or {}).items():
        if key.lower() == _ALT_TEXT:
            return _decoded(value)
    return None


def _decoded(value: str) -> str:
    try:
        if "=?" in value:
            return str(make_header(decode_header(value)))
        return unquote(value, errors="strict")
    except (MessageError, LookupError, ValueError):
        return value
