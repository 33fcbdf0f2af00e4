"""Credentials taken out of what is kept or logged: signatures, tokens and keys in a URL."""

import logging
import re
from urllib.parse import quote, unquote_plus

# Everything that a shared access signature of Azure Storage may consist of.
SAS_FIELDS = frozenset(
    {"sig", "sv", "ss", "srt", "st", "se", "sr", "sp", "spr", "sip", "si", "sdd", "ses"}
    | {"skoid", "sktid", "skt", "ske", "sks", "skv", "skdutid", "saoid", "suoid", "sduoid", "scid"}
    | {"rscc", "rscd", "rsce", "rscl", "rsct"}
)

# Signed URLs of Azure, AWS, Google and CloudFront, keys of Azure Functions, and their like.
_SECRET = re.compile(
    r"sig|token|secret|passw|credential|session|auth|policy|jwt|hmac|key|access.?id|^(pwd|code)$"
)

_FIELD = re.compile(r"[?&;]([^?&;=/]{1,64})=")
_QUOTINGS = 4

_QUERY = re.compile(r"\?[^\s'\"<>]*")
_LOGGERS = (
    "azure.core.pipeline.policies.http_logging_policy",
    "azure.storage.blob._shared.policies",
    "urllib3.connection",
    "urllib3.connectionpool",
    "urllib3.util.retry",
)


def without_credentials(query: str) -> str:
    """Give a URL's query without what opens something; the rest stays as it was written."""
    fields = [(_name(part), part) for part in re.split("[&;]", query) if part]
    is_sas = any(name == "sig" for name, _ in fields)
    return "&".join(
        part
        for name, part in fields
        if not _SECRET.search(name)
        and not (is_sas and name in SAS_FIELDS)
        and not _holds_secret(_unquoted(part))
    )


def path_without_credentials(path: str) -> str:
    """Give a URL's path without what opens something: parameters, or a query that was quoted."""
    plain = _unquoted(path)
    if not _holds_secret(plain):
        return path
    return quote(re.split("[?&;]", plain, maxsplit=1)[0])


def name_without_credentials(name: str) -> str:
    """Give an image's name as it was told, but for what follows it where it is a signed URL."""
    plain = _unquoted(name)
    return re.split("[?&;]", plain, maxsplit=1)[0] if _holds_secret(plain) else name


def _holds_secret(text: str) -> bool:
    """Tell whether there is a field of a query in a text that was unquoted."""
    return any(_SECRET.search(name.strip().lower()) for name in _FIELD.findall(text))


def _unquoted(text: str) -> str:
    """Unquote what may have been quoted several times."""
    for _ in range(_QUOTINGS):
        text = unquote_plus(text)
    return text


def silence_queries() -> None:
    """Keep the query of every URL out of the lines that the HTTP libraries log, at any level."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_drop_queries)  # once, however often it is asked for


def _drop_queries(line: logging.LogRecord) -> bool:
    line.msg, line.args = _QUERY.sub("?…", line.getMessage()), None
    line.exc_info = None  # its text would quote the URL once more
    return True


def _name(part: str) -> str:
    return unquote_plus(part.partition("=")[0]).strip().lower()
