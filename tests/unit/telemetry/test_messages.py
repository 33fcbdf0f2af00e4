"""What messages carry, and what is made of it."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from msgspec import UNSET
from opentelemetry import trace

from captioner.events import Retry, read_message
from captioner.jobs import JobMessage
from captioner.jobs.messages import JOBS_QUEUE, LISTS_QUEUE
from captioner.store import RETRY_QUEUE
from captioner.telemetry import (
    following,
    names,
    poisoned,
    posted,
    received,
    step_at_work,
    tried_again,
)
from captioner.telemetry.names import Attribute
from tests.support.telemetry import Captured

OLD_RETRY = b'{"name":"a.jpg","etag":"1","attempt":2}'
OLD_STEP = b'{"step":{"type":"chunk","job":"j","opened":0,"page":0,"chunk":1}}'


def test_messages_from_before_are_read() -> None:
    retry = read_message(OLD_RETRY, Retry)
    step = read_message(OLD_STEP, JobMessage)

    assert retry == Retry("a.jpg", "1", 2)
    assert (retry.parent, retry.due) == (None, UNSET)
    assert step is not None
    assert step.queue == JOBS_QUEUE


def test_a_message_without_a_trace_is_written_as_before() -> None:
    assert msgspec.json.encode(Retry("a.jpg", "1", 2)) == OLD_RETRY


def test_a_message_carries_the_trace_of_its_sender_and_when_it_is_due(captured: Captured) -> None:
    with trace.get_tracer_provider().get_tracer("host").start_as_current_span("host") as host:
        message = posted(Retry("a.jpg", "1", 2), delay=timedelta(seconds=60))

    read = read_message(msgspec.json.encode(message), Retry)

    assert read == message
    assert f"{host.get_span_context().trace_id:032x}" in str(read.parent)
    assert timedelta(seconds=50) < read.due - datetime.now(UTC) <= timedelta(seconds=60)


@pytest.mark.parametrize(
    ("ago", "least", "most"),
    [(timedelta(seconds=30), 30, 40), (timedelta(seconds=-30), 0, 0)],
    ids=["late", "early by another clock"],
)
def test_how_long_a_message_waited_is_told(
    ago: timedelta, least: float, most: float, captured: Captured
) -> None:
    received(Retry("a.jpg", "1", 2, due=datetime.now(UTC) - ago), RETRY_QUEUE)
    received(Retry("a.jpg", "1", 2), RETRY_QUEUE)  # an old one does not know

    (wait,) = captured.metrics[names.QUEUE_WAIT.name]
    assert wait.count == 1
    assert least <= wait.sum <= most
    assert wait.attributes[Attribute.QUEUE] == RETRY_QUEUE


def test_retries_and_poison_are_counted(captured: Captured) -> None:
    tried_again("vision_throttled", 3)
    poisoned(LISTS_QUEUE)

    (retry,) = captured.metrics[names.RETRIES.name]
    (poison,) = captured.metrics[names.POISONED.name]
    assert (retry.attributes[Attribute.CODE], retry.attributes[Attribute.ATTEMPT]) == (
        "vision_throttled",
        3,
    )
    assert poison.attributes[Attribute.QUEUE] == LISTS_QUEUE


def test_what_was_given_up_goes_on_in_its_trace() -> None:
    came = f"00-{'a' * 32}-{'b' * 16}-01"

    with following(came):
        again = posted(Retry("a.jpg", "1", 3), delay=timedelta(0))
        with following("garbage"):
            unread = posted(Retry("a.jpg", "1", 3), delay=timedelta(0))

    assert (again.parent, unread.parent) == (came, came)
    assert posted(Retry("a.jpg", "1", 3), delay=timedelta(0)).parent is None


def test_a_step_is_linked_to_its_sender_and_holds_what_is_done_in_it(captured: Captured) -> None:
    tracer = trace.get_tracer_provider().get_tracer("host")
    with tracer.start_as_current_span("sender") as sender:
        message = posted(Retry("a.jpg", "1", 2), delay=timedelta(0))
    with step_at_work("chunk", "job-1", message.parent), tracer.start_as_current_span("inside"):
        pass

    (step,) = captured.named(names.STEP_SPAN)
    assert step.parent is None
    assert [link.context.span_id for link in step.links] == [sender.get_span_context().span_id]
    assert (step.attributes[Attribute.STEP], step.attributes[Attribute.JOB]) == ("chunk", "job-1")
    assert captured.below(step) == ["inside"]


def test_a_step_that_fails_says_why_in_a_word(captured: Captured) -> None:
    with pytest.raises(ValueError, match="secret"), step_at_work("list", "j", None):
        raise ValueError("secret")

    (step,) = captured.spans
    assert (step.status.description, step.attributes[Attribute.ERROR]) == (
        "ValueError",
        "ValueError",
    )
    assert not step.events
