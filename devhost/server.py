"""The HTTP server: functions, the host's own pages and webhooks, in the real host's order."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from devhost.cors import Cors
from devhost.functions import Function
from devhost.http import HttpTriggers, key_of, split_target
from devhost.keys import Keys
from devhost.routes import decode_path
from devhost.webhooks import BLOBS_PATH, METHODS, BlobWebhook

_HOMEPAGE = """<!doctype html>
<html lang="en"><title>Your function app is up and running</title>
<h1>Your function app is up and running</h1>
<p>The devhost serves it. The log in the terminal lists its functions and their URLs.</p>
"""

# Calls a function that has no HTTP trigger, as if its trigger had fired.
type ManualCall = Callable[[], Awaitable[None]]


class Server:
    """Answers requests until closed."""

    def __init__(
        self,
        triggers: HttpTriggers,
        functions: Sequence[Function],
        manual: Mapping[str, ManualCall],
        webhook: BlobWebhook | None,
        keys: Keys | None,
        *,
        host_id: str,
        body_limit: int,
        stop_timeout_s: float,
        homepage: bool,
        headers: Mapping[str, str],
        cors: Cors,
    ) -> None:
        self._triggers = triggers
        self._functions = functions
        self._manual = manual
        self._webhook = webhook
        self._keys = keys
        self._host_id = host_id
        self._homepage = homepage
        self._headers = headers
        self._cors = cors
        self._started = time.monotonic()
        app = web.Application(client_max_size=body_limit)
        app.router.add_route("*", "/{path:.*}", self._answer)
        # A body arrives at the function as it was sent, compressed or not.
        self._runner = web.AppRunner(
            app,
            auto_decompress=False,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=stop_timeout_s,
        )

    async def open(self, address: str, port: int) -> int:
        """Listen; give the port, which is chosen where 0 was asked for. Raises `OSError`."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, address, port)
        await site.start()
        listening: tuple[str, int] = self._runner.addresses[0]
        return listening[1]

    async def close(self) -> None:
        """Take no more requests, and answer those begun as long as `stop_timeout_s` allows."""
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        response = self._cors.preflight(request) or await self._route(request)
        response.headers.update(self._headers)
        self._cors.allow(request, response)
        return response

    async def _route(self, request: web.Request) -> web.StreamResponse:
        path = decode_path(split_target(request)[0])
        lowered = path.lower()
        if lowered.startswith("/admin/"):
            return await self._admin(request, lowered.rstrip("/"))
        if self._webhook and lowered == BLOBS_PATH and request.method in METHODS:
            return await self._webhook.answer(request)
        if answer := await self._triggers.answer(request):
            return answer
        if path != "/":
            return web.Response(status=404)
        if not self._homepage:
            return web.Response(status=204)
        return web.Response(text=_HOMEPAGE, content_type="text/html")

    async def _admin(self, request: web.Request, path: str) -> web.Response:
        if path == "/admin/host/ping":
            return web.Response()
        if self._keys and not self._keys.open("admin", key_of(request), ""):
            return web.Response(status=401)
        if path == "/admin/host/status":
            return web.json_response(self._status())
        if path == "/admin/functions":
            return web.json_response([{"name": each.name} for each in self._functions])
        name = path.removeprefix("/admin/functions/")
        for function, call in self._manual.items():
            if function.lower() == name and request.method == "POST":
                await call()
                return web.Response(status=202)
        return web.Response(status=404)

    def _status(self) -> dict[str, object]:
        return {
            "id": self._host_id,
            "state": "Running",
            "version": "4.0.0-devhost",
            "processUptime": round((time.monotonic() - self._started) * 1000),
        }
