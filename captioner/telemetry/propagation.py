"""Trace context in and out of what is neither HTTP nor a thread: messages and invocations."""

from opentelemetry import trace
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
