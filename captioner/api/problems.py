"""Errors as `application/problem+json` (RFC 9457), with their stable code."""

import logging
import math
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Concatenate

import azure.functions as func
import msgspec
from msgspec import UNSET

from captioner.api.documents import ProblemDocument
from captioner.curation import Outdated
from captioner.errors import CaptionerError

_log = logging.getLogger(__name__)


def problem(fault: CaptionerError) -> func.HttpResponse:
    """Tell an error: its HTTP status, its code, and the sentence a person can act on."""
    document = ProblemDocument(
        title=HTTPStatus(fault.status).phrase,
        status=fault.status,
        code=fault.code,
        detail=fault.message,
        current=(isinstance(fault, Outdated) and fault.current) or UNSET,
    )
    headers = {}
    if fault.retry_after is not None:
        headers["Retry-After"] = str(math.ceil(fault.retry_after.total_seconds()))
    return func.HttpResponse(
        msgspec.json.encode(document),
        status_code=fault.status,
        headers=headers,
        mimetype="application/problem+json",
    )


type Handler[S] = Callable[Concatenate[S, func.HttpRequest, ...], func.HttpResponse]


def answering_problems[S](handle: Handler[S]) -> Handler[S]:
    """Let a handler raise: our own errors are told, any other is logged and told as ours."""

    @wraps(handle)
    def answer(self: S, request: func.HttpRequest) -> func.HttpResponse:
        try:
            return handle(self, request)
        except CaptionerError as fault:
            return problem(fault)
        except Exception:  # noqa: BLE001 - the last one before the client, who gets no details
            _log.exception("Request failed", extra={"path": request.url.partition("?")[0]})
            return problem(CaptionerError("Something went wrong here; the log tells what."))

    return answer
