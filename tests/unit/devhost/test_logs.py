"""The log on the terminal."""

import io
import logging
import re
from collections.abc import Iterator

import pytest

from devhost.logs import start_logging

NAMED = ("devhost", "azure", "azure.functions", "asyncio", "aiohttp", "urllib3", "msal")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """Leave the loggers as they were found."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    named = [logging.getLogger(name) for name in NAMED]
    levels = [each.level for each in named]
    yield
    logger.handlers, logger.level = handlers, level
    for each, was in zip(named, levels, strict=True):
        each.setLevel(was)


def test_a_line_has_its_time_and_the_text_of_the_apps_own_logging() -> None:
    stream = io.StringIO()
    start_logging(stream)
    logging.getLogger("app").info("saw %s", "a cat")
    assert re.fullmatch(
        r"\[\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\] saw a cat\n", stream.getvalue()
    )


def test_an_exception_comes_with_its_traceback() -> None:
    stream = io.StringIO()
    start_logging(stream)
    try:
        raise KeyError("gone")
    except KeyError:
        logging.getLogger("app").exception("failed")
    assert "Traceback" in stream.getvalue()
    assert "KeyError: 'gone'" in stream.getvalue()


def test_a_terminal_shows_errors_in_red_and_the_apps_lines_plain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    stream = Terminal()
    start_logging(stream)
    logging.getLogger("app").error("bad")
    logging.getLogger("app").info("fine")
    red, plain = stream.getvalue().splitlines()
    assert red.startswith("\x1b[31m")
    assert red.endswith("\x1b[0m")
    assert "\x1b" not in plain


def test_no_colour_where_none_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    stream = Terminal()
    start_logging(stream)
    logging.getLogger("app").error("bad")
    assert "\x1b" not in stream.getvalue()


def test_what_the_azure_sdk_says_of_requests_and_answers_is_not_told() -> None:
    stream = io.StringIO()
    start_logging(stream)
    logging.getLogger("azure.core.pipeline").info("GET /")
    logging.getLogger("azure.storage.blob").warning("Unexpected return type")
    assert not stream.getvalue()


def test_a_quiet_log_tells_of_faults_and_of_what_the_host_warns_of() -> None:
    stream = io.StringIO()
    start_logging(stream, quiet=True)
    for name in ("app", "devhost.host", "aiohttp"):
        logging.getLogger(name).info("as usual in %s", name)
        logging.getLogger(name).warning("odd in %s", name)
        logging.getLogger(name).error("wrong in %s", name)
    assert [line.split("] ")[1] for line in stream.getvalue().splitlines()] == [
        "wrong in app",
        "odd in devhost.host",
        "wrong in devhost.host",
        "wrong in aiohttp",
    ]
