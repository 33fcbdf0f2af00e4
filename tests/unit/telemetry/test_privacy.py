"""What leaves the process by logging holds nothing secret or personal."""

import logging
from collections.abc import Iterator

import pytest
from azure.core.settings import settings

from captioner.errors import StoreConflict
from captioner.telemetry.images import pseudonym
from captioner.telemetry.names import Attribute
from captioner.telemetry.privacy import CleanRecords, keep_private

NAME = "people/Ada's wedding.jpg"
_log = logging.getLogger("captioner.some.module")


class Sink(logging.Handler):
    """Keeps what it is to send."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.addFilter(CleanRecords())

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def sink() -> Iterator[Sink]:
    handler = Sink()
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


def only(sink: Sink) -> logging.LogRecord:
    (record,) = sink.records
    return record


def test_values_are_left_out_but_numbers_codes_and_the_images_pseudonym(sink: Sink) -> None:
    _log.warning(
        "%r (%s) has %d of %s: %s",
        NAME,
        "image_not_found",
        3,
        "her words",
        StoreConflict(f"{NAME} is taken."),
        extra={"image": NAME, "captions": {"onnx": "her words"}, "code": "image_not_found"},
    )

    record = only(sink)
    assert record.getMessage() == f"{pseudonym(NAME)} (image_not_found) has 3 of …: store_conflict"
    assert vars(record)[Attribute.IMAGE] == pseudonym(NAME)
    assert vars(record)[Attribute.CODE] == "image_not_found"
    assert "Ada" not in str(vars(record))
    assert "her words" not in str(vars(record))


def test_the_terminal_still_tells_all(sink: Sink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    _log.info("Captioned %r", NAME)

    assert NAME in caplog.text
    assert only(sink).getMessage() == "Captioned …"


def test_an_error_tells_kinds_and_places_but_no_words(sink: Sink) -> None:
    try:
        try:
            raise ValueError(NAME)
        except ValueError as fault:
            raise StoreConflict(f"{NAME} is taken.") from fault
    except StoreConflict:
        _log.exception("It failed", extra={"image": NAME})

    told = vars(only(sink))
    assert told["exc_info"] is None
    assert told["exception.type"] == "StoreConflict"
    assert told["exception.message"] == "store_conflict <- ValueError"
    assert "test_an_error_tells_kinds" in told["exception.stacktrace"]
    assert "Ada" not in str(told)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (({"name": NAME, "count": 2},), "… 2"),
        ((NAME, True), "… True"),
    ],
)
def test_any_form_of_arguments_is_cleaned(
    arguments: tuple[object, ...], told: str, sink: Sink
) -> None:
    text = "%(name)s %(count)d" if isinstance(arguments[0], dict) else "%s %s"

    _log.error(text, *arguments)

    assert only(sink).getMessage() == told


def test_fields_hold_known_words_only(sink: Sink) -> None:
    _log.info("x", extra={"problems": ["corrupt_image", NAME], "captioner": NAME, "job": "1f"})

    told = vars(only(sink))
    assert told[Attribute.CODES] == ("corrupt_image", "…")
    assert told[Attribute.CAPTIONER] == "…"
    assert told[Attribute.JOB] == "1f"


def test_of_a_swap_the_version_is_told(sink: Sink) -> None:
    _log.info("The model is version %s", "3f2a", extra={"model_version": "3f2a"})

    assert vars(only(sink))[Attribute.MODEL_VERSION] == "3f2a"


def test_of_libraries_only_that_they_warn_is_told(sink: Sink) -> None:
    library = logging.getLogger("azure.core.pipeline")
    library.info("Request URL: 'https://x/a.jpg?sig=abc'")
    library.warning("Retrying %s", "https://x/a.jpg?sig=abc")

    record = only(sink)
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith("azure.core.pipeline tells something at test_privacy:")
    assert "sig" not in str(vars(record))


def test_handlers_that_send_are_cleaned_and_libraries_do_not_trace(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sending, terminal = logging.Handler(), logging.StreamHandler()
    monkeypatch.setattr(logging.getLogger(), "handlers", [sending, terminal])

    keep_private()
    keep_private()

    assert len(sending.filters) == 1
    assert terminal.filters == []
    assert settings.tracing_enabled() is False
    assert settings.tracing_implementation() is None


def test_libraries_that_were_made_to_trace_stop_it() -> None:
    import requests  # noqa: PLC0415
    from opentelemetry.instrumentation.requests import RequestsInstrumentor  # noqa: PLC0415

    plain = requests.Session.send
    RequestsInstrumentor().instrument()
    assert requests.Session.send is not plain

    keep_private()

    assert requests.Session.send is plain
    assert not RequestsInstrumentor().is_instrumented_by_opentelemetry
