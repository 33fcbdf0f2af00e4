"""Calling a function: its input bindings before, its output bindings after, a line in the log."""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from azure.core.exceptions import AzureError

from devhost.bindings import Bindings
from devhost.errors import HostError
from devhost.functions import Function
from devhost.protos import TypedData
from devhost.storage import describe
from devhost.worker import Invocation, Outcome, Worker

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why a function is called: the trigger's value and what else it knows.

    `metadata` reaches the function, `data` the `{…}` in its other bindings' paths. `traceparent` is
    the trace that it belongs to, where whoever brought it said so.
    """

    value: TypedData
    reason: str
    metadata: Mapping[str, TypedData] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)
    traceparent: str | None = None


class Executor:
    """Calls functions and knows how many are running."""

    def __init__(self, worker: Worker, bindings: Bindings, timeout_s: float | None) -> None:
        self._worker = worker
        self._bindings = bindings
        self._timeout_s = timeout_s
        self._running: set[asyncio.Task[Outcome]] = set()

    async def call(self, function: Function, occasion: Occasion) -> Outcome:
        """Call a function; what goes wrong in it is in the outcome and in the log."""
        task = asyncio.create_task(self._call(function, occasion))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        # Who awaits us may be cancelled by a stop; what has begun is finished all the same.
        return await asyncio.shield(task)

    async def drain(self, limit_s: float) -> bool:
        """Wait until nothing runs any more; say whether that came within the limit."""
        if self._running:
            _log.info("Waiting for %d running functions to finish.", len(self._running))
            await asyncio.wait(self._running, timeout=limit_s)
        return not self._running

    async def _call(self, function: Function, occasion: Occasion) -> Outcome:
        id_ = str(uuid4())
        name = f"Functions.{function.name}"
        _log.info("Executing '%s' (Reason='%s', Id=%s)", name, occasion.reason, id_)
        start = time.monotonic()
        outcome = await self._attempt(function, occasion, id_)
        took = round((time.monotonic() - start) * 1000)
        if outcome.error is None:
            _log.info("Executed '%s' (Succeeded, Id=%s, Duration=%dms)", name, id_, took)
        else:
            _log.error(
                "Executed '%s' (Failed, Id=%s, Duration=%dms)\n%s", name, id_, took, outcome.error
            )
        return outcome

    async def _attempt(self, function: Function, occasion: Occasion, id_: str) -> Outcome:
        system = {
            "MethodName": function.name,
            "UtcNow": datetime.now(UTC).isoformat(),
            "RandGuid": str(uuid4()),
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                inputs = await self._bindings.read(function, occasion.data)
                invocation = Invocation(
                    function,
                    {function.trigger.name: occasion.value, **inputs},
                    {**occasion.metadata, "sys": TypedData(json=json.dumps(system))},
                    id_,
                    occasion.traceparent,
                )
                outcome = await self._worker.invoke(invocation)
        except TimeoutError:
            return Outcome(
                error=f"It ran longer than host.json's functionTimeout of {self._timeout_s:g} s."
            )
        except (AzureError, HostError, ValueError) as error:
            return Outcome(error=f"An input binding could not be read: {_told(error)}")
        if outcome.error is not None:
            return outcome
        try:
            await self._bindings.write(function, outcome, occasion.data)
        except (AzureError, HostError, ValueError) as error:
            return Outcome(error=f"An output binding could not be written: {_told(error)}")
        return outcome


def _told(error: Exception) -> str:
    return describe(error) if isinstance(error, AzureError) else str(error)
