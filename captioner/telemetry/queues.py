"""Work that queues bring: steps of jobs, retries, what the platform gave up."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.trace import Link

from captioner.telemetry import names
from captioner.telemetry.images import code_of
from captioner.telemetry.instruments import Values, instruments, model_values
from captioner.telemetry.names import Attribute
from captioner.telemetry.propagation import parent_in


@contextmanager
def step_at_work(step: str, job: str, sender: str | None) -> Iterator[None]:
    """Trace a step of a job through a block, linked to who sent it.

    Linked, not continued: a trace of a million images could not be shown.
    """
    before = parent_in(sender)
    links = [Link(trace.get_current_span(before).get_span_context())] if before else []
    with instruments().tracer.start_as_current_span(
        names.STEP_SPAN,
        attributes={**model_values(), Attribute.STEP: step, Attribute.JOB: job},
        links=links,
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield
        except Exception as fault:
            span.set_attribute(Attribute.ERROR, code_of(fault))
            span.set_status(trace.StatusCode.ERROR, code_of(fault))
            raise


def tried_again(code: str, attempt: int) -> None:
    """Count an image that is put on the queue once more, because of an error of this code."""
    values: Values = {Attribute.CODE: code, Attribute.ATTEMPT: attempt}
    instruments().count(names.RETRIES, values)


def poisoned(queue: str) -> None:
    """Count a message that the platform gave up on."""
    instruments().count(names.POISONED, {Attribute.QUEUE: queue})
