"""The app's functions, each in the trace that the host began for its call."""

import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import Any

import azure.functions as func

from captioner.telemetry.images import code_of
from captioner.telemetry.propagation import following

_log = logging.getLogger(__name__)

type Function = Callable[..., Any]
type Decorator = Callable[[Function], Any]


class InvocationFailed(Exception):
    """Tells the host that a call failed; the host sends the words of exceptions on as they are."""


class TracedApp(func.FunctionApp):
    """A Functions app that follows the host's traces, and tells it nothing personal of errors.

    The worker (azure-functions-runtime 1.3.0) attaches a call's trace context on its event loop,
    but runs functions that are not `async` on threads, which the context does not reach.
    """

    def route(self, *args: Any, **options: Any) -> Decorator:
        return _followed(super().route(*args, **options))

    def blob_trigger(self, *args: Any, **options: Any) -> Decorator:
        return _followed(super().blob_trigger(*args, **options))

    def queue_trigger(self, *args: Any, **options: Any) -> Decorator:
        return _followed(super().queue_trigger(*args, **options))

    def timer_trigger(self, *args: Any, **options: Any) -> Decorator:
        return _followed(super().timer_trigger(*args, **options))


def _followed(decorate: Decorator) -> Decorator:
    return lambda function: decorate(traced(function))


def traced(function: Function) -> Function:
    """Have a function ask the worker for its call's context, and run within its trace."""

    @wraps(function)
    def call(*args: Any, context: Any = None, **given: Any) -> Any:
        with _in_trace_of(context):
            return function(*args, **given)

    signature = inspect.signature(function)
    asked = inspect.Parameter(
        "context", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=func.Context
    )
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), asked]
    )
    call.__annotations__ = {**function.__annotations__, "context": func.Context}
    return call


@contextmanager
def _in_trace_of(call: func.Context | None) -> Iterator[None]:
    told = call.trace_context if call else None
    with following(told.trace_parent, told.trace_state) if told else nullcontext():
        try:
            yield
        except Exception as fault:  # noqa: BLE001 - told, and raised as another
            code = code_of(fault)
            _log.exception("A function failed: %s", fault, extra={"code": code})
            raise InvocationFailed(f"{code}: the app's own log tells more.") from None
