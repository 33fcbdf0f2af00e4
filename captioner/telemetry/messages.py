"""What queue messages carry besides what they ask for."""

from datetime import UTC, datetime, timedelta

import msgspec
from msgspec import UNSET, Struct, UnsetType

from captioner.telemetry import names
from captioner.telemetry.instruments import instruments
from captioner.telemetry.names import Attribute
from captioner.telemetry.propagation import traceparent


class Traced(Struct, frozen=True, kw_only=True):
    """Base of messages that follow a trace; both fields are absent from older ones.

    `traceparent` is the trace context of whoever sent it, `due` the moment when it may be taken.
    """

    traceparent: str | UnsetType = UNSET
    due: datetime | UnsetType = UNSET

    @property
    def parent(self) -> str | None:
        return None if self.traceparent is UNSET else self.traceparent


def posted[M: Traced](message: M, *, delay: timedelta) -> M:
    """Give a message as it is to be sent now, to be taken after `delay`."""
    return msgspec.structs.replace(
        message, traceparent=traceparent() or UNSET, due=datetime.now(UTC) + delay
    )


def received(message: Traced, queue: str) -> None:
    """Tell how long a message waited beyond its time; clocks that differ make it no less than 0."""
    if message.due is not UNSET:
        waited = (datetime.now(UTC) - message.due).total_seconds()
        instruments().record(names.QUEUE_WAIT, max(waited, 0.0), {Attribute.QUEUE: queue})
