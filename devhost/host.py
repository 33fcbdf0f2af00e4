"""The host: everything that listens, from the first line of the log to an orderly end."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devhost.app import App
from devhost.blob_scanner import BlobScanner, Receipts
from devhost.blob_trigger import BlobTrigger, blob_listener
from devhost.cors import Cors
from devhost.errors import HostError
from devhost.executor import Executor, Occasion
from devhost.functions import Function
from devhost.http import HttpTriggers
from devhost.keys import Keys
from devhost.notices import NoticeQueue
from devhost.paths import BlobPattern
from devhost.protos import TypedData
from devhost.queue_trigger import queue_trigger
from devhost.server import Server
from devhost.timer import TimerTrigger
from devhost.triggers import Trigger
from devhost.webhooks import BLOBS_PATH, BlobWebhook

_log = logging.getLogger(__name__)

_BODY_LIMIT_SETTING = "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"
_BODY_LIMIT = 210 * 2**20


@dataclass(frozen=True, slots=True)
class Options:
    """How to run, as the command line says."""

    address: str
    port: int
    blob_scan_interval_s: float
    queue_poll_interval_s: float | None
    message_lease_s: float
    stop_timeout_s: float
    ready_file: Path | None


class Host:
    """Runs one app until it is told to stop."""

    def __init__(self, app: App, options: Options, keys: Keys | None) -> None:
        self._app = app
        self._options = options
        self._keys = keys
        self._executor = Executor(app.worker, app.bindings, app.host_json.function_timeout)
        self._timers = [
            TimerTrigger(each, self._executor, app.host_account, app.host_id)
            for each in app.of_kind("timerTrigger")
        ]
        self._notices = (
            NoticeQueue(app.host_account, app.host_id, app.writer)
            if app.of_kind("blobTrigger")
            else None
        )
        self._triggers: list[Trigger] = [*self._timers, *self._queues(), *self._blobs()]
        self._server = self._make_server()

    async def run(self) -> bool:
        """Serve until SIGINT or SIGTERM; say whether everything that ran came to its end.

        Raises `HostError` where the port is in use.
        """
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for which in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(which, stop.set)
        port = await self._open()
        tasks = [asyncio.create_task(each.run()) for each in self._triggers]
        tasks += [
            asyncio.create_task(self._warm_up(each)) for each in self._app.of_kind("warmupTrigger")
        ]
        url = f"http://{_shown(self._options.address)}:{port}"
        self._announce(url)
        if self._options.ready_file:
            self._options.ready_file.write_text(url)
        await self._until(stop, tasks)
        for which in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(which)
            signal.signal(which, signal.SIG_DFL)  # a second one ends the process at once
        return await self._close(tasks)

    async def _open(self) -> int:
        try:
            return await self._server.open(self._options.address, self._options.port)
        except OSError as error:
            raise HostError(
                f"Port {self._options.port} cannot be listened to ({_reason(error)}): free it, or "
                "take another with --port."
            ) from None

    async def _until(self, stop: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
        """Wait for the signal; a listener that breaks is a fault of ours and ends the host."""
        stopped = asyncio.create_task(stop.wait())
        waiting: set[asyncio.Task[Any]] = {stopped, *tasks}
        while not stopped.done():
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task

    async def _close(self, tasks: list[asyncio.Task[None]]) -> bool:
        limit_s = self._options.stop_timeout_s
        _log.info("Stopping: what runs has %g s to finish.", limit_s)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        ending = [self._server.close(), *(each.finish(limit_s) for each in self._triggers)]
        finished, _ = await asyncio.gather(self._executor.drain(limit_s), asyncio.gather(*ending))
        await self._app.accounts.close()
        if not finished:
            _log.warning("Some functions had not finished and end with the host.")
        return finished

    def _queues(self) -> list[Trigger]:
        return [
            queue_trigger(
                each,
                self._app.account(each),
                self._executor,
                self._app.writer,
                self._app.host_json.extensions.queues,
                longest_poll_s=self._longest_poll_s,
                lease_s=self._options.message_lease_s,
            )
            for each in self._app.of_kind("queueTrigger")
        ]

    def _blobs(self) -> list[Trigger]:
        if self._notices is None:
            return []
        triggers = {
            each: self._blob_trigger(each, self._notices)
            for each in self._app.of_kind("blobTrigger")
        }
        by_name = {
            name: trigger
            for function, trigger in triggers.items()
            for name in (function.full_name, function.short_name)
        }
        listener = blob_listener(
            by_name,
            self._notices,
            self._executor,
            self._app.host_json.extensions.blobs,
            longest_poll_s=self._longest_poll_s,
            lease_s=self._options.message_lease_s,
        )
        return [listener, *(each.scanner for each in triggers.values() if each.scanner)]

    def _blob_trigger(self, function: Function, notices: NoticeQueue) -> BlobTrigger:
        account = self._app.account(function)
        pattern = BlobPattern.parse(function.trigger.location, function.name)
        if function.hears_from_event_grid:
            return BlobTrigger(function, pattern, account, None)
        receipts = Receipts(self._app.host_account, self._app.host_id, function)
        scanner = BlobScanner(
            function,
            pattern,
            account,
            receipts,
            notices,
            interval_s=self._options.blob_scan_interval_s,
        )
        return BlobTrigger(function, pattern, account, scanner)

    @property
    def _longest_poll_s(self) -> float:
        ours = self._options.queue_poll_interval_s
        return self._app.host_json.extensions.queues.max_polling_interval if ours is None else ours

    async def _warm_up(self, function: Function) -> None:
        await self._executor.call(function, Occasion(TypedData(json="{}"), "The host has started."))

    def _make_server(self) -> Server:
        app = self._app
        settings = app.settings.values
        return Server(
            HttpTriggers(app.http, self._executor, app.host_json.extensions.http, self._keys),
            app.functions,
            {each.function.name: each.call_now for each in self._timers},
            BlobWebhook(self._notices, self._keys) if self._notices else None,
            self._keys,
            host_id=app.host_id,
            body_limit=_body_limit(settings),
            stop_timeout_s=self._options.stop_timeout_s,
            homepage=settings.get("AzureWebJobsDisableHomepage", "").lower() != "true",
            headers=app.host_json.extensions.http.custom_headers,
            cors=Cors(app.settings.host),
        )

    def _announce(self, url: str) -> None:
        lines = ["Functions:"]
        for http in sorted(self._app.http, key=lambda one: one.function.name):
            methods = f"[{','.join(sorted(http.route.methods))}] " if http.route.methods else ""
            lines.append(f"        {http.function.name}: {methods}{url}/{http.route.template}")
        for each in sorted(self._app.functions, key=lambda one: one.name):
            if each.hears_from_event_grid:
                webhook = f"{url}{BLOBS_PATH}?functionName={each.full_name}"
                lines.append(f"        {each.name}: {each.trigger.type} (Event Grid: {webhook})")
            elif each.trigger.type != "httpTrigger":
                lines.append(f"        {each.name}: {each.trigger.type}")
        lines += [f"        {each.name}: disabled" for each in self._app.disabled]
        _log.info("\n".join(lines))
        _log.info("Ready at %s (Ctrl-C stops).", url)


def _body_limit(settings: Mapping[str, str]) -> int:
    text = settings.get(_BODY_LIMIT_SETTING, str(_BODY_LIMIT))
    if not text.isdigit():
        raise HostError(f"The app setting {_BODY_LIMIT_SETTING} must be a number of bytes.")
    return int(text)


def _reason(error: OSError) -> str | None:
    """Give the system's own words: asyncio puts a sentence with the address around them."""
    if error.errno is not None and error.errno > 0:  # those below are of names, not of the system
        return os.strerror(error.errno)
    return error.strerror


def _shown(address: str) -> str:
    return "localhost" if address in ("127.0.0.1", "0.0.0.0") else address  # noqa: S104
