"""Queue triggers: one function called for each message of one queue."""

import json
from datetime import datetime
from typing import Any

from devhost.executor import Executor, Occasion
from devhost.functions import Function
from devhost.host_json import Queues
from devhost.protos import TypedData
from devhost.queues import QueueListener, QueueWriter, Received
from devhost.storage import Account

_POISON_SUFFIX = "-poison"


def queue_trigger(
    function: Function,
    account: Account,
    executor: Executor,
    writer: QueueWriter,
    options: Queues,
    *,
    longest_poll_s: float,
    lease_s: float,
) -> QueueListener:
    """Listen to a function's queue; messages that keep failing go to `<queue>-poison`.

    Not those of a queue that is itself called so.
    """
    queue = function.trigger.location.lower()

    async def handle(received: Received) -> bool:
        outcome = await executor.call(function, _occasion(queue, received))
        return outcome.error is None

    return QueueListener(
        account,
        queue,
        handle,
        poison_name=None if queue.endswith(_POISON_SUFFIX) else queue + _POISON_SUFFIX,
        options=options,
        longest_poll_s=longest_poll_s,
        lease_s=lease_s,
        writer=writer,
    )


def _occasion(queue: str, received: Received) -> Occasion:
    text = received.body.decode(errors="replace")
    message = received.message
    known: dict[str, Any] = {
        "DequeueCount": message.dequeue_count,
        "ExpirationTime": _moment(message.expires_on),
        "Id": message.id,
        "InsertionTime": _moment(message.inserted_on),
        "NextVisibleTime": _moment(message.next_visible_on),
        "PopReceipt": message.pop_receipt,
    }
    metadata = {name: TypedData(json=json.dumps(value)) for name, value in known.items()}
    return Occasion(
        value=_body(received.body),
        reason=f"New queue message detected on '{queue}'.",
        metadata={"QueueTrigger": TypedData(string=text), **metadata},
        data={"QueueTrigger": text, **known, **_properties(text)},
    )


def _body(body: bytes) -> TypedData:
    try:
        return TypedData(string=body.decode())
    except UnicodeDecodeError:
        return TypedData(bytes=body)


def _properties(text: str) -> dict[str, Any]:
    """Give the members of a JSON object: other bindings may name them."""
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
