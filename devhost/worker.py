"""The worker: Microsoft's own library, which loads `function_app.py` and calls its functions.

Message shapes are those that `azure_functions_runtime.handle_event` (1.3.0) reads.
"""

import asyncio
import os
import re
import secrets
import sys
import threading
import uuid
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import azure_functions_runtime as library  # type: ignore[import-untyped]
from opentelemetry._logs import get_logger_provider
from opentelemetry.metrics import get_meter_provider
from opentelemetry.trace import get_tracer_provider

from devhost import protos
from devhost.errors import HostError
from devhost.functions import Function
from devhost.protos import ParameterBinding, TypedData

_TRACEPARENT = re.compile("00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})")
_TELEMETRY_MS = 5_000

# Frames of these are the way to the user's code, and tell its author nothing.
_MACHINERY = (
    str(Path(library.__file__).parent),
    str(Path(asyncio.__file__).parent),
    str(Path(threading.__file__).parent / "concurrent"),
    str(Path(threading.__file__).parent / "importlib"),
    "<frozen importlib",
)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One call of a function: the values of its input bindings and what the trigger knows."""

    function: Function
    inputs: Mapping[str, TypedData]
    metadata: Mapping[str, TypedData] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an invocation; `error` is the traceback of the user's code where it failed."""

    returned: TypedData | None = None
    outputs: Mapping[str, TypedData | None] = field(default_factory=dict)
    error: str | None = None


class Worker:
    """Loads one app and calls its functions, on an event loop of its own.

    The real worker is another process: an `async` function that blocks holds up other functions,
    but not the host. Functions that are not `async` run on the library's thread pool.
    """

    def __init__(self, app_dir: Path, *, traces: bool = False) -> None:
        self._app_dir = app_dir
        self._traces = traces
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="worker", daemon=True)

    def load(self) -> list[Function]:
        """Import the app and give its functions.

        Raises `HostError` with the traceback of the user's code where that fails.
        """
        os.chdir(self._app_dir)  # where the real worker runs
        sys.path.insert(0, str(self._app_dir))
        self._thread.start()
        started = self._submit(library.worker_init_request(self._init_request())).result()
        if started.result.status != protos.StatusResult.Success:
            raise HostError(_load_failure(started.result.exception))
        if "HttpUri" in started.capabilities:
            raise HostError(
                "The devhost has no HTTP streaming: remove azurefunctions.extensions.http.fastapi "
                "from the app, or use Core Tools."
            )
        indexed = self._submit(library.functions_metadata_request(None)).result()
        if not indexed.function_metadata_results:
            raise HostError(
                f"{self._app_dir} has no function_app.py with functions in it: write one, or "
                "name the app's folder with --app."
            )
        library.start_threadpool_executor()
        functions = [Function.parse(each) for each in indexed.function_metadata_results]
        for function in functions:
            self._submit(library.function_load_request(_load_request(function))).result()
        return functions

    async def invoke(self, invocation: Invocation) -> Outcome:
        request = SimpleNamespace(
            invocation_id=invocation.id,
            function_id=invocation.function.id,
            input_data=[ParameterBinding(*each) for each in invocation.inputs.items()],
            trigger_metadata=dict(invocation.metadata),
            trace_context=SimpleNamespace(
                trace_parent=child_of(invocation.traceparent, sampled=self._traces),
                trace_state="",
                attributes={},
            ),
            retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
        )
        message = SimpleNamespace(request=SimpleNamespace(invocation_request=request))
        response = await asyncio.wrap_future(self._submit(library.invocation_request(message)))
        if response.result.status != protos.StatusResult.Success:
            return Outcome(error=without_machinery(response.result.exception.stack_trace))
        outputs = {each.name: each.data for each in response.output_data}
        return Outcome(response.return_value, outputs)

    def stop(self) -> None:
        """Let threads end whose function has returned; others end with the process."""
        library.stop_threadpool_executor()
        self._loop.call_soon_threadsafe(self._loop.stop)
        _send_telemetry()

    def _submit(self, call: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(call, self._loop)

    def _init_request(self) -> SimpleNamespace:
        request = SimpleNamespace(capabilities={}, function_app_directory=str(self._app_dir))
        return SimpleNamespace(
            request=SimpleNamespace(worker_init_request=request),
            properties={"host": "127.0.0.1", "protos": protos},
        )


def child_of(traceparent: str | None, *, sampled: bool) -> str:
    """Give the trace context of a call: in the trace that it came with, else in one of its own."""
    came = _TRACEPARENT.fullmatch(traceparent or "")
    trace, flags = came.groups() if came else (secrets.token_hex(16), f"{sampled:02x}")
    return f"00-{trace}-{secrets.token_hex(8)}-{flags}"


def _send_telemetry() -> None:
    """Send what waits to be sent, as processes do at their end, unless they exit as ours does."""
    for provider in (get_tracer_provider(), get_meter_provider(), get_logger_provider()):
        if flush := getattr(provider, "force_flush", None):  # without an SDK there is none
            flush(_TELEMETRY_MS)


def _load_request(function: Function) -> SimpleNamespace:
    request = SimpleNamespace(function_id=function.id)
    return SimpleNamespace(request=SimpleNamespace(function_load_request=request))


def _load_failure(exception: Any) -> str:
    return f"The app cannot be loaded:\n{without_machinery(exception.stack_trace)}"


def without_machinery(trace: str) -> str:
    """Leave out the frames of a formatted traceback that are not the user's doing."""
    kept: list[str] = []
    skipping = False
    for line in trace.rstrip().splitlines():
        if line.startswith('  File "'):
            skipping = line.removeprefix('  File "').startswith(_MACHINERY)
        elif not line.startswith("    "):
            skipping = False
        if not skipping:
            kept.append(line)
    return "\n".join(kept)
