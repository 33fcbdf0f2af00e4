"""A reverse proxy that does to HTTP what networks and services do on a bad day.

    with FaultProxy(azurite_blob_url) as proxy:
        proxy.inject(Reset(after=True), method="PUT", path=r"/captions-.*\\.json")
        client = BlobServiceClient.from_connection_string(through(connection_string, proxy, …))

A fault strikes before a request is passed on, or `after`: then the service has done what was asked
for, and only the answer is lost.
"""

import asyncio
import re
import socket
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

_HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding"}
)
_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")
_LINGER_NOT = struct.pack("ii", 1, 0)  # closing then resets


@dataclass(frozen=True, slots=True)
class Delay:
    """The answer comes so much later."""

    seconds: float
    after: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """The service answers so by itself, as Azure Storage words it."""

    status: int
    code: str = "ServerBusy"
    headers: Mapping[str, str] = field(default_factory=dict)
    after: bool = False


@dataclass(frozen=True, slots=True)
class Truncation:
    """The answer's body ends after so large a part of it, and the connection with it."""

    share: float = 0.5
    after: bool = True


@dataclass(frozen=True, slots=True)
class Silence:
    """Half-open: the connection stays, and no answer ever comes."""

    after: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """No answer comes before the test says so."""

    after: bool = False
    released: threading.Event = field(default_factory=threading.Event)


type Fault = Delay | Reset | Refusal | Truncation | Silence | Hold


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived: `target` is its path with the query, as it was sent."""

    method: str
    target: str


@dataclass(slots=True)
class Injected:
    """A fault that awaits its request; `struck` is set once it has hit the last one."""

    fault: Fault
    method: str
    path: re.Pattern[str]
    skip: int
    times: int
    struck: threading.Event = field(default_factory=threading.Event)

    def meets(self, request: Request) -> bool:
        """Tell whether it strikes this request, and count."""
        if self.times == 0 or self.method not in {"*", request.method}:
            return False
        if not self.path.search(request.target):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def strike(self) -> None:
        if self.times == 0:
            self.struck.set()


def _nobody() -> None:
    """Tell nobody of a fault that no test waits for."""


class FaultProxy:
    """Passes requests on to one service, on a free port of the loopback; any thread may script it.

    `every` is asked for a fault for each request that no injected one strikes.
    """

    def __init__(
        self, target: str, *, every: Callable[[Request], Fault | None] = lambda _: None
    ) -> None:
        self._target = target.rstrip("/")
        self.every = every
        self.requests: list[Request] = []
        self._injected: list[Injected] = []
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self.url = ""

    def inject(
        self, fault: Fault, *, method: str = "*", path: str = "", skip: int = 0, times: int = 1
    ) -> Injected:
        """Have a fault strike the next `times` requests that fit, after `skip` that are spared."""
        injected = Injected(fault, method, re.compile(path), skip, times)
        with self._lock:
            self._injected.append(injected)
        return injected

    def heal(self) -> None:
        """Let everything pass from now on."""
        with self._lock:
            for each in self._injected:
                if isinstance(each.fault, Hold):
                    each.fault.released.set()
            self._injected.clear()
            self.every = lambda _: None

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.heal()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._run())
        finally:
            self._loop.close()

    async def _run(self) -> None:
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, auto_decompress=False
        ) as self._client:
            server = web.Server(self._answer)  # type: ignore[arg-type]
            runner = web.ServerRunner(server, handler_cancellation=True, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = runner.addresses[0][1]
            self.url = f"http://127.0.0.1:{port}"
            self._ready.set()
            await self._stop.wait()
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        seen = Request(request.method, request.raw_path)
        injected = self._strikes(seen)
        fault = injected.fault if injected else self.every(seen)
        struck = injected.strike if injected else _nobody
        body = await request.read()
        if fault is not None and not fault.after:
            struck()
            answer = await self._befall(fault, request)
            if answer is not None:
                return answer
        answer = await self._passed_on(request, body, fault, struck)
        if fault is not None and fault.after:
            struck()
            return await self._befall(fault, request) or answer
        return answer

    def _strikes(self, seen: Request) -> Injected | None:
        with self._lock:
            self.requests.append(seen)
            return next((each for each in self._injected if each.meets(seen)), None)

    async def _befall(self, fault: Fault, request: web.BaseRequest) -> web.StreamResponse | None:
        """Do what the fault does; None where the request is to go its way after it."""
        match fault:
            case Delay():
                await asyncio.sleep(fault.seconds)
                return None
            case Hold():
                await asyncio.to_thread(fault.released.wait)
                return None
            case Reset() | Truncation():
                _reset(request)
                raise asyncio.CancelledError
            case Silence():
                await self._stop.wait()
                raise asyncio.CancelledError
            case Refusal():
                text = f"<Error><Code>{fault.code}</Code><Message>On a bad day.</Message></Error>"
                headers = {"x-ms-error-code": fault.code, **fault.headers}
                body = "" if request.method == "HEAD" else f'<?xml version="1.0"?>{text}'
                return web.Response(
                    status=fault.status, text=body, headers=headers, content_type="application/xml"
                )

    async def _passed_on(
        self,
        request: web.BaseRequest,
        body: bytes,
        fault: Fault | None,
        struck: Callable[[], None],
    ) -> web.StreamResponse:
        async with self._client.request(
            request.method,
            _url(self._target, request.raw_path),
            headers=_end_to_end(request.headers),
            data=body,
            skip_auto_headers=_ADDED,  # the signature is of the headers as they were sent
            allow_redirects=False,
        ) as given:
            content = await given.read()
            headers = _end_to_end(given.headers)
            if isinstance(fault, Truncation):
                struck()
                await self._cut(request, given.status, headers, content, fault.share)
            if request.method != "HEAD":
                headers.popall("Content-Length", None)
            return web.Response(status=given.status, body=content, headers=headers)

    async def _cut(
        self,
        request: web.BaseRequest,
        status: int,
        headers: CIMultiDict[str],
        content: bytes,
        share: float,
    ) -> None:
        headers["Content-Length"] = str(len(content))
        answer = web.StreamResponse(status=status, headers=headers)
        await answer.prepare(request)
        with suppress(ConnectionError):
            await answer.write(content[: int(len(content) * share)])
        _close(request)
        raise asyncio.CancelledError


def through(connection_string: str, *, blob: FaultProxy, queue: FaultProxy) -> str:
    """Give a connection string whose requests take the way of the proxies."""
    parts = dict(part.split("=", 1) for part in connection_string.strip(";").split(";"))
    for name, proxy in (("BlobEndpoint", blob), ("QueueEndpoint", queue)):
        account = parts[name].rstrip("/").rpartition("/")[2]
        parts[name] = f"{proxy.url}/{account}"
    return ";".join(f"{name}={value}" for name, value in parts.items())


def origin_of(connection_string: str, service: str) -> str:
    """Give the URL of an emulator's service, without its account."""
    parts = dict(part.split("=", 1) for part in connection_string.strip(";").split(";"))
    return parts[f"{service}Endpoint"].rstrip("/").rpartition("/")[0]


def _url(target: str, raw_path: str) -> URL:
    """Give the URL with the path as it was sent: no quoting is undone or done again."""
    return URL(target + raw_path, encoded=True)


def _end_to_end(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    kept = CIMultiDict(headers)
    for name in _HOP_BY_HOP:
        kept.popall(name, None)
    return kept


def _reset(request: web.BaseRequest) -> None:
    if request.transport is not None:
        connection: socket.socket | None = request.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        request.transport.abort()


def _close(request: web.BaseRequest) -> None:
    if request.transport is not None:
        request.transport.close()
