"""The log on the terminal: the host's lines, the app's own `logging`, errors in red."""

import logging
import os
import sys
from datetime import UTC, datetime
from typing import TextIO

_COLOURS = {logging.WARNING: "\x1b[33m", logging.ERROR: "\x1b[31m", logging.CRITICAL: "\x1b[31m"}
_HOST_COLOUR = "\x1b[36m"
_PLAIN = "\x1b[0m"


class _Formatter(logging.Formatter):
    def __init__(self, *, colours: bool) -> None:
        super().__init__()
        self._colours = colours

    def format(self, record: logging.LogRecord) -> str:
        text = record.getMessage()
        if record.exc_info:
            text = f"{text}\n{self.formatException(record.exc_info)}"
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = f"[{moment.removesuffix('+00:00')}Z] {text}"
        colour = _COLOURS.get(record.levelno)
        if colour is None and record.name.startswith("devhost"):
            colour = _HOST_COLOUR
        return f"{colour}{line}{_PLAIN}" if self._colours and colour else line


def start_logging(stream: TextIO | None = None, *, quiet: bool = False) -> None:
    """Send the log to the terminal: everything from INFO up, or only faults where `quiet`.

    The Azure SDK's own lines begin at errors: it tells of each request, and of each answer that it
    does not like, which whoever asked tells better. What the worker library says of errors is left
    out: the host tells of each itself.
    """
    stream = stream or sys.stdout
    colours = stream.isatty() and "NO_COLOR" not in os.environ
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Formatter(colours=colours))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.ERROR if quiet else logging.INFO)
    logging.getLogger("devhost").setLevel(logging.WARNING if quiet else logging.INFO)
    for name in ("asyncio", "aiohttp", "urllib3", "msal"):
        logging.getLogger(name).setLevel(logging.ERROR if quiet else logging.WARNING)
    logging.getLogger("azure").setLevel(logging.ERROR)
    logging.getLogger("azure.functions").setLevel(logging.CRITICAL)
