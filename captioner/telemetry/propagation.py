"""Trace context in and out of what is neither HTTP nor a thread: messages and invocations."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

_HEADER, _STATE = "traceparent", "tracestate"
_w3c = TraceContextTextMapPropagator()


def traceparent() -> str | None:
    """Give the present trace context as W3C writes it; None where there is none."""
    carrier: dict[str, str] = {}
    _w3c.inject(carrier)
    return carrier.get(_HEADER)


def parent_in(told: str | None, state: str | None = None) -> Context | None:
    """Read a trace context; None where there is none, or nothing that can be read."""
    if not told:
        return None
    found = _w3c.extract({_HEADER: told, _STATE: state or ""}, Context())
    return found if trace.get_current_span(found).get_span_context().is_valid else None


@contextmanager
def following(told: str | None, state: str | None = None) -> Iterator[None]:
    """Be in a trace for a block; where none can be read, stay in the present one."""
    parent = parent_in(told, state)
    attached = context.attach(parent) if parent else None
    try:
        yield
    finally:
        if attached is not None:
            context.detach(attached)
