"""The log on the terminal."""

import io
import logging
import re
from collections.abc import Iterator

import pytest

from devhost.logs import start_logging


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """Leave the root logger as it was found."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers, logger.level = handlers, level


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


def test_requests_of_the_azure_sdk_are_not_told() -> None:
    stream = io.StringIO()
    start_logging(stream)
    logging.getLogger("azure.core.pipeline").info("GET /")
    assert not stream.getvalue()
