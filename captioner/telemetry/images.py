"""One image on its way: a span of its own, with a span below it for each stage."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import sha256
from time import time_ns

from opentelemetry import context, trace
from opentelemetry.trace import Link, Span, Status, StatusCode

from captioner.errors import CaptionerError
from captioner.telemetry import names
from captioner.telemetry.instruments import Values, instruments, model_values
from captioner.telemetry.names import Attribute, Origin, Stage
from captioner.telemetry.propagation import parent_in

_PSEUDONYM = 16  # hexadecimal digits: enough to tell a billion images apart


def pseudonym(name: str) -> str:
    """Give what stands for an image's name, the same wherever it is told.

    It is no secret: whoever guesses a name can check the guess.
    """
    return sha256(name.encode(errors="surrogatepass")).hexdigest()[:_PSEUDONYM]


def code_of(fault: BaseException) -> str:
    """Give what may be told of a fault: never its words, which may quote names and URLs."""
    return fault.code if isinstance(fault, CaptionerError) else type(fault).__name__


class ImageTrace:
    """The trace of one image; begun in one thread, it may go on and end in others.

    Where `traceparent` tells of an earlier attempt, it goes on in that one's trace, linked to
    what runs now.
    """

    def __init__(self, name: str, origin: Origin, traceparent: str | None = None) -> None:
        earlier = parent_in(traceparent)
        here = trace.get_current_span().get_span_context()
        links = [Link(here)] if earlier is not None and here.is_valid else []
        self.outcome = names.CAPTIONED
        self._origin = origin
        self._failed = False
        self._began = time_ns()
        self._span = instruments().tracer.start_span(
            names.IMAGE_SPAN,
            earlier,
            attributes={
                Attribute.IMAGE: pseudonym(name),
                Attribute.ORIGIN: origin,
            },
            links=links,
            start_time=self._began,
        )
        self.context = trace.set_span_in_context(self._span, context.get_current())

    def fail(self, fault: BaseException) -> None:
        self.outcome = code_of(fault)
        self._failed = True

    def end(self) -> None:
        ended = time_ns()
        values: Values = {Attribute.ORIGIN: self._origin, Attribute.OUTCOME: self.outcome}
        tools = instruments()
        tools.count(names.IMAGES, values)
        tools.record(names.IMAGE_DURATION, _seconds(self._began, ended), values)
        self._span.set_attributes({**model_values(), Attribute.OUTCOME: self.outcome})
        if self._failed:
            _mark_failed(self._span, self.outcome)
        self._span.end(ended)


_at_work: ContextVar[tuple[ImageTrace, ...]] = ContextVar("images at work", default=())


@contextmanager
def at_work(traces: Sequence[ImageTrace | None]) -> Iterator[None]:
    """Let stages in this block be those of these images; logs too, where it is but one."""
    known = tuple(each for each in traces if each is not None)
    token = _at_work.set(known)
    attached = context.attach(known[0].context) if len(known) == 1 else None
    try:
        yield
    finally:
        if attached is not None:
            context.detach(attached)
        _at_work.reset(token)


@contextmanager
def image_at_work(
    name: str, origin: Origin, traceparent: str | None = None
) -> Iterator[ImageTrace]:
    """Trace an image through a block; what the block raises is its outcome."""
    traced = ImageTrace(name, origin, traceparent)
    try:
        with at_work([traced]):
            yield traced
    except Exception as fault:
        traced.fail(fault)
        raise
    finally:
        traced.end()


@contextmanager
def stage(
    what: Stage,
    traces: Sequence[ImageTrace | None] | None = None,
    *,
    model: tuple[str, str] | None = None,
    images: int = 1,
) -> Iterator[None]:
    """Time a stage of some images, or of those at work; `model` is its name and version.

    `images` is how many share the stage where none of them is traced.
    """
    began = time_ns()
    outcome = names.OK
    try:
        yield
    except Exception as fault:
        outcome = code_of(fault)
        raise
    finally:
        known = _at_work.get() if traces is None else [each for each in traces if each]
        values = {**model_values(*(model or ())), Attribute.OUTCOME: outcome}
        _tell(what, known, values, began, len(known) or images)


def _tell(
    what: Stage, traces: Sequence[ImageTrace], told: dict[str, str], began: int, images: int
) -> None:
    ended = time_ns()
    tools = instruments()
    values = {**told, Attribute.STAGE: what}
    for _ in range(images):
        tools.record(names.STAGE_DURATION, _seconds(began, ended) / images, values)
    for each in traces:
        span = tools.tracer.start_span(
            what.span,
            each.context,
            attributes={**values, Attribute.BATCH: images},
            start_time=began,
        )
        if told[Attribute.OUTCOME] != names.OK:
            _mark_failed(span, told[Attribute.OUTCOME])
        span.end(ended)


def _mark_failed(span: Span, code: str) -> None:
    span.set_attribute(Attribute.ERROR, code)
    span.set_status(Status(StatusCode.ERROR, code))


def _seconds(began: int, ended: int) -> float:
    return max(ended - began, 0) / 1e9
