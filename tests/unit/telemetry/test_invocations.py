"""Functions run in the host's trace, and tell the host nothing personal."""

import inspect
from types import SimpleNamespace
from typing import Any

import azure.functions as func
import pytest
from azure_functions_runtime.bindings.context import get_context
from opentelemetry import trace

from captioner.telemetry.invocations import InvocationFailed, TracedApp, traced
from captioner.telemetry.propagation import traceparent

CAME = f"00-{'a' * 32}-{'b' * 16}-01"


def call_of(came: str | None) -> Any:
    """Give what the worker hands a function as its context."""
    request = SimpleNamespace(
        invocation_id="1",
        trace_context=SimpleNamespace(trace_parent=came, trace_state="", attributes={}),
        retry_context=SimpleNamespace(retry_count=0, max_retry_count=0, exception=None),
    )
    return get_context(request, "function", "folder")


def test_a_function_runs_in_the_trace_of_its_call() -> None:
    function = traced(lambda given: (given, traceparent()))

    assert function(given=1, context=call_of(CAME)) == (1, CAME)
    assert traceparent() is None


@pytest.mark.parametrize("came", [None, "", "garbage"])
def test_a_call_without_a_trace_runs_all_the_same(came: str | None) -> None:
    assert traced(traceparent)(context=call_of(came)) is None
    assert traced(lambda: 1)() == 1


def test_the_worker_is_asked_for_the_context_and_for_nothing_else_new() -> None:
    def function(req: func.HttpRequest) -> func.HttpResponse: ...

    asked = traced(function)

    assert list(inspect.signature(asked).parameters) == ["req", "context"]
    assert asked.__annotations__ == {**function.__annotations__, "context": func.Context}
    assert asked.__name__ == "function"


def test_the_host_hears_of_an_error_by_its_code_and_the_log_tells_it_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise ValueError("Ada's wedding.jpg")

    with pytest.raises(InvocationFailed) as failed:
        traced(fail)(context=call_of(CAME))

    assert "Ada" not in str(failed.value)
    assert failed.value.__suppress_context__
    assert "ValueError" in str(failed.value)
    assert "Ada's wedding.jpg" in caplog.text
    assert trace.get_current_span().get_span_context().is_valid is False


def test_every_kind_of_trigger_is_followed() -> None:
    app = TracedApp()

    @app.route("x")
    def http(req: func.HttpRequest) -> func.HttpResponse: ...

    @app.queue_trigger(arg_name="message", queue_name="x", connection="C")
    def queue(message: func.QueueMessage) -> None: ...

    @app.blob_trigger(arg_name="blob", path="x", connection="C")
    def blob(blob: func.InputStream) -> None: ...

    @app.timer_trigger(arg_name="timer", schedule="0 * * * * *")
    def timer(timer: func.TimerRequest) -> None: ...

    functions = app.get_functions()
    assert [each.get_function_name() for each in functions] == ["http", "queue", "blob", "timer"]
    for each in functions:
        assert "context" in inspect.signature(each.get_user_function()).parameters
