"""Nothing secret or personal in telemetry, whatever libraries and log lines hold.

Names of images can be personal, captions and alt texts tell of people, URLs may hold signatures.
The log of one's own terminal keeps them; what leaves the process loses them here.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from traceback import format_tb
from types import TracebackType
from typing import Any, Final

from azure.core.settings import settings

from captioner.errors import CaptionerError, kinds_of
from captioner.telemetry.images import code_of, pseudonym
from captioner.telemetry.names import Attribute

_OURS = ("captioner", "function_app")
_HIDDEN = "…"
# Fields of our log lines -> the attributes of what is sent; fields that are not here are not sent.
_FIELDS: Final[Mapping[str, Attribute]] = {
    "attempt": Attribute.ATTEMPT,
    "captioner": Attribute.CAPTIONER,
    "code": Attribute.CODE,
    "delay_s": Attribute.DELAY,
    "job": Attribute.JOB,
    "model_version": Attribute.MODEL_VERSION,
    "problems": Attribute.CODES,
}
_IDS = frozenset({"job", "model_version"})  # made up by us, so that they may be sent as they are


def keep_private() -> None:
    """Clean what the worker's handlers send, and have no library tell of requests.

    Those of the terminal are left alone. Called once, when the worker has configured telemetry and
    loads the app.
    """
    for handler in logging.getLogger().handlers:
        if not isinstance(handler, logging.StreamHandler) and _CLEAN not in handler.filters:
            handler.addFilter(_CLEAN)
    # Spans of storage and HTTP clients hold whole URLs, with the names of images.
    settings.tracing_implementation = None
    settings.tracing_enabled = False
    instrumentation = sys.modules.get("opentelemetry.instrumentation.instrumentor")
    if instrumentation is not None:  # else no library is instrumented
        for each in instrumentation.BaseInstrumentor.__subclasses__():
            if not each.__module__.startswith("opentelemetry.instrumentation.logging"):
                _uninstrument(each())


def _uninstrument(instrumentor: Any) -> None:
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()


_SOURCES = frozenset({"", "onnx", "azure-vision", "image", "platform"})


class CleanRecords(logging.Filter):
    """Gives a handler another record in the place of each: one that tells nothing personal.

    Of our own lines the text stays, with numbers, codes and pseudonyms in it, and `…` for any other
    value; of errors their codes and where they were raised, never their words. Of what libraries
    say, which may hold anything, is told from warnings up that they said it, and where.
    """

    def filter(self, record: logging.LogRecord) -> logging.LogRecord | bool:
        if record.name.partition(".")[0] in _OURS:
            return _record(record, record.msg, _shown_all(record), _fields(record))
        if record.levelno < logging.WARNING:
            return False
        return _record(
            record, "%s tells something at %s:%d", (record.name, record.module, record.lineno), {}
        )


_CLEAN = CleanRecords()


def _record(
    of: logging.LogRecord, text: Any, values: Any, fields: Mapping[str, Any]
) -> logging.LogRecord:
    told = {name: getattr(of, name) for name in ("name", "levelno", "levelname", "created")}
    return logging.makeLogRecord({**told, "msg": text, "args": values, **fields, **_raised(of)})


def _shown_all(record: logging.LogRecord) -> tuple[Any, ...] | dict[str, Any] | None:
    image = getattr(record, "image", None)
    if isinstance(record.args, Mapping):
        return {name: _shown(value, image) for name, value in record.args.items()}
    return record.args and tuple(_shown(value, image) for value in record.args)


def _shown(value: object, image: object) -> object:
    """Give what may stand for a value in the text of a line."""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, BaseException):
        return _Word(code_of(value))
    if isinstance(value, str) and value in _words():  # the empty one too
        return _Word(value)
    if isinstance(value, str) and value == image:
        return _Word(pseudonym(value))
    return _Word(_HIDDEN)


class _Word(str):
    """A word that is shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


@cache
def _words() -> frozenset[str]:
    return _SOURCES | {CaptionerError.code} | {each.code for each in kinds_of(CaptionerError)}


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in vars(record).items():
        if name == "image" and isinstance(value, str):
            told[Attribute.IMAGE] = pseudonym(value)
        elif name in _FIELDS:
            told[_FIELDS[name]] = _plain(value, is_id=name in _IDS)
    return told


def _plain(value: object, *, is_id: bool) -> object:
    if isinstance(value, list):
        return tuple(str(_shown(each, None)) for each in value)
    return value if is_id or isinstance(value, bool | int | float) else str(_shown(value, None))


def _raised(record: logging.LogRecord) -> dict[str, str]:
    """Tell an exception and those behind it: kinds, codes and places, by OpenTelemetry's names."""
    fault = record.exc_info[1] if record.exc_info else None
    if fault is None:
        frames = getattr(record, "traceback", None)
        return {"exception.stacktrace": "".join(frames)} if frames else {}
    chain = list(_behind(fault))
    return {
        "exception.type": type(fault).__name__,
        "exception.message": " <- ".join(code_of(each) for each in chain),
        "exception.stacktrace": "".join(_places(each.__traceback__) for each in reversed(chain)),
    }


def _behind(fault: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while fault is not None and id(fault) not in seen:
        seen.add(id(fault))
        yield fault
        fault = fault.__cause__ or (None if fault.__suppress_context__ else fault.__context__)


def _places(traceback: TracebackType | None) -> str:
    return "".join(format_tb(traceback))
