"""What Azure AI Vision answers when it gives no caption -> one of our errors.

The service has two shapes of error, `{"error": {"code", "message", "innererror": {"code", …}}}`
and `{"code", "message"}`, and gateways before it have any shape. Only the codes named here reach
a message, never the body, which may echo the key.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import msgspec

from captioner.errors import (
    VisionBadResponse,
    VisionError,
    VisionRejected,
    VisionThrottled,
    VisionUnauthorized,
    VisionUnavailable,
)

_UNREADABLE = "cannot read this picture; export it again as a JPEG"
_SIZE = "finds this picture too large or too small; send it in another size"
_NOT_UNDERSTOOD = "does not accept the request; describe this picture by hand"

# What the service will say again of the same picture -> what to do.
_REJECTIONS: Mapping[str | int | None, str] = {
    "InvalidImageFormat": _UNREADABLE,
    "InvalidImageUrl": _UNREADABLE,
    "NotSupportedImage": _UNREADABLE,
    "UnsupportedMediaType": _UNREADABLE,
    "HTTP 415": _UNREADABLE,
    "InvalidImageSize": _SIZE,
    "HTTP 413": _SIZE,
    "NotSupportedLanguage": "does not write this language; "
    "set CAPTION_LANGUAGE to en, es, ja, pt or zh",
    "InvalidRequest": _NOT_UNDERSTOOD,
    "InvalidArgument": _NOT_UNDERSTOOD,
    "BadArgument": _NOT_UNDERSTOOD,
}
_PASSING = {
    "FailedToProcess",
    "Timeout",
    "InternalServerError",
    "ServiceUnavailable",
    "HTTP 408",
}
_REFUSALS = {
    401: "Azure AI Vision refuses the key; check that VISION_KEY and VISION_ENDPOINT belong to "
    "the same resource.",
    403: "Azure AI Vision forbids the request; check the resource's network rules and that its "
    "keys are enabled.",
}

_DELAY = re.compile(r"retry after (\d{1,9}) (second|minute|hour|day)", re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,9}")
# Quotas are counted by the minute and by the month; what lies beyond is nonsense.
_LONGEST_DELAY = timedelta(days=31)


class _Error(msgspec.Struct):
    code: str | int | None = None
    message: str | None = None
    innererror: "_Error | None" = None


class _Body(_Error):
    error: _Error | None = None


def fault_of(status: int, headers: Mapping[str, str], body: bytes) -> VisionError:
    """Give the error for an answer other than 200.

    `retry_after` is set where the service says when to come back, in its header or its message.
    """
    error = _error_in(body)
    retry_after = _retry_after(headers, error.message or "")
    # The end of the free tier's monthly quota is a 403 that says when to retry; no other 403 does.
    if status == 429 or (status == 403 and retry_after is not None):
        return VisionThrottled(
            "Azure AI Vision takes no more requests for now; wait, lower "
            "VISION_REQUESTS_PER_MINUTE or move the resource to a higher tier.",
            retry_after=retry_after,
        )
    if status in _REFUSALS:
        return VisionUnauthorized(_REFUSALS[status])
    cause = _cause(error, status)
    if cause in _REJECTIONS:
        return VisionRejected(f"Azure AI Vision {_REJECTIONS[cause]} ({cause}).")
    if cause in _PASSING or status >= 500:
        return VisionUnavailable(
            f"Azure AI Vision is not working at the moment ({cause}); "
            "ask for the caption again later.",
            retry_after=retry_after,
        )
    return VisionBadResponse(
        f"Something other than Azure AI Vision seems to answer ({cause}); check VISION_ENDPOINT "
        "and any proxy on the way."
    )


def _cause(error: _Error, status: int) -> str | int | None:
    """Give the code that tells most, of those known here; else the HTTP status."""
    inner = error.innererror.code if error.innererror else None
    for code in (inner, error.code):  # an InvalidRequest may hold a Timeout
        if code in _REJECTIONS or code in _PASSING:
            return code
    return f"HTTP {status}"


def _error_in(body: bytes) -> _Error:
    """Read either shape of error; an empty one if the body has neither."""
    try:
        document = msgspec.json.decode(body, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _Error()
    return document.error or document


def _retry_after(headers: Mapping[str, str], message: str) -> timedelta | None:
    told = _told_delay(headers, message)
    return None if told is None else min(max(told, timedelta(0)), _LONGEST_DELAY)


def _told_delay(headers: Mapping[str, str], message: str) -> timedelta | None:
    header = headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(header):
        return timedelta(seconds=int(header))
    if header:
        try:
            return parsedate_to_datetime(header) - datetime.now(UTC)
        except (ValueError, TypeError):  # not a date, or one without a zone
            pass
    if delay := _DELAY.search(message):
        return timedelta(**{f"{delay[2].lower()}s": int(delay[1])})
    return None
