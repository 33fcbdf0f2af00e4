"""HTTP triggers: requests in, answers out, as the real host passes them to the worker and back."""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http.cookies import Morsel
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import parse_qsl

from aiohttp import web
from multidict import CIMultiDict

from devhost.executor import Executor, Occasion
from devhost.functions import Function
from devhost.host_json import Http
from devhost.keys import Keys, Level
from devhost.protos import TypedData
from devhost.routes import Route, decode_path, order

KEY_HEADER = "x-functions-key"
KEY_QUERY = "code"
# The host's own headers: what a function says of them would break the connection.
_HOP_BY_HOP = frozenset({"connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True, slots=True)
class HttpFunction:
    """A function and where it answers."""

    function: Function
    route: Route

    @property
    def level(self) -> Level:
        level = str(self.function.trigger.properties.get("authLevel") or "function").lower()
        return cast(Level, level)


class HttpTriggers:
    """Finds the function for a request and makes its outcome the answer.

    `keys` None lets everyone in, as Core Tools do on one's own machine.
    """

    def __init__(
        self,
        functions: Sequence[HttpFunction],
        executor: Executor,
        options: Http,
        keys: Keys | None,
    ) -> None:
        by_name = {each.function.name: each for each in functions}
        self._functions = [
            by_name[route.function] for route in order([each.route for each in functions])
        ]
        self._executor = executor
        self._options = options
        self._keys = keys
        most = options.max_concurrent_requests
        self._slots = asyncio.Semaphore(most) if most > 0 else None
        self._outstanding = 0

    async def answer(self, request: web.Request) -> web.Response | None:
        """Answer a request, or give None where no function has its route and method."""
        path = decode_path(split_target(request)[0])
        for each in self._functions:
            values = each.route.match(path) if each.route.allows(request.method) else None
            if values is not None:
                return await self._admit(each, request, values)
        return None

    async def _admit(
        self, target: HttpFunction, request: web.Request, values: Mapping[str, str]
    ) -> web.Response:
        if self._keys and not self._keys.open(target.level, key_of(request), target.function.name):
            return web.Response(status=401)
        if 0 < self._options.max_outstanding_requests <= self._outstanding:
            return web.Response(status=429)
        self._outstanding += 1
        try:
            if self._slots is None:
                return await self._call(target, request, values)
            async with self._slots:
                return await self._call(target, request, values)
        finally:
            self._outstanding -= 1

    async def _call(
        self, target: HttpFunction, request: web.Request, values: Mapping[str, str]
    ) -> web.Response:
        body = await request.read()
        occasion = _occasion(request, values, body)
        outcome = await self._executor.call(target.function, occasion)
        if outcome.error is not None:
            return web.Response(status=500)
        answer = outcome.returned
        for binding in target.function.outputs:
            if binding.type == "http" and binding.name != "$return":
                answer = outcome.outputs.get(binding.name)
        return _response(answer)


def split_target(request: web.Request) -> tuple[str, str]:
    """Give path and query of a request as they came over the wire."""
    path, _, query = request.raw_path.partition("?")
    return re.sub("^[a-z]+://[^/]*", "", path) or "/", query


def key_of(request: web.Request) -> str | None:
    """Give the access key of a request; the header counts before the query."""
    if KEY_HEADER in request.headers:
        return request.headers[KEY_HEADER]
    return query_values(split_target(request)[1]).get(KEY_QUERY)


def query_values(query: str) -> dict[str, str]:
    """Read a query string: repeated parameters joined with commas, empty ones dropped."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def _occasion(request: web.Request, values: Mapping[str, str], body: bytes) -> Occasion:
    query = query_values(split_target(request)[1])
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        lowered = name.lower()
        headers[lowered] = f"{headers[lowered]},{value}" if lowered in headers else value
    message = SimpleNamespace(
        method=request.method,
        url=f"{request.scheme}://{request.host}{request.raw_path}",
        headers=headers,
        params=dict(values),
        query=query,
        body=TypedData(bytes=body),
    )
    return Occasion(
        value=TypedData(http=message),
        reason="This function was programmatically called via the host APIs.",
        data={**_members(body), "Query": query, "Headers": headers, **query, **values},
        traceparent=headers.get("traceparent"),
    )


def _members(body: bytes) -> dict[str, Any]:
    """Give the members of a JSON object: other bindings may name them."""
    if not body.lstrip().startswith(b"{"):
        return {}
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _response(answer: TypedData | None) -> web.Response:
    if answer is None:
        return web.Response(status=204)
    if answer.kind != "http":
        kind = {"json": "application/json", "bytes": "application/octet-stream"}
        return web.Response(
            body=_body(answer),
            headers={"Content-Type": kind.get(str(answer.kind), "text/plain; charset=utf-8")},
        )
    http = answer.value
    headers = CIMultiDict(
        (name, value) for name, value in http.headers.items() if name.lower() not in _HOP_BY_HOP
    )
    for cookie in http.cookies or ():
        headers.add("Set-Cookie", _cookie(cookie))
    return web.Response(status=int(http.status_code), body=_body(http.body), headers=headers)


def _body(data: TypedData | None) -> bytes:
    if data is None:
        return b""
    return data.value if isinstance(data.value, bytes) else str(data.value).encode()


def _cookie(cookie: Any) -> str:
    """Write the cookie that the worker has taken apart."""
    morsel: Morsel[str] = Morsel()
    morsel.set(cookie.name, cookie.value, cookie.value)
    for attribute in ("domain", "path", "max_age", "secure", "http_only", "expires"):
        nullable = getattr(cookie, attribute)
        if nullable is not None and nullable.value not in (None, "", False):
            name = {"max_age": "max-age", "http_only": "httponly"}.get(attribute, attribute)
            morsel[name] = _attribute(attribute, nullable.value)
    if cookie.same_site:
        morsel["samesite"] = cookie.same_site.removeprefix("Explicit")
    return morsel.OutputString()


def _attribute(name: str, value: Any) -> Any:
    if name == "max_age":
        return int(value)
    if name == "expires":
        return format_datetime(datetime.fromtimestamp(value.seconds, UTC), usegmt=True)
    return value
