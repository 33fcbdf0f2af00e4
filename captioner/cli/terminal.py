"""What the commands say: results on the standard output, everything else beside it."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from captioner.records import CaptionRecord, to_json

# What would steer a terminal, or is not text at all: a file's name may hold anything.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Terminal:
    """The standard output, and the standard error stream for complaints and progress."""

    def __init__(self) -> None:
        # A line stays one line where the output goes to a file or another program.
        self._out = Console(soft_wrap=True, highlight=False)
        self._err = Console(soft_wrap=True, highlight=False, stderr=True)
        self._has_bar = False

    def line(self, text: str, style: str = "") -> None:
        """Write one line of results, exactly as it is."""
        # Beside a bar on the same terminal, only the bar's own console makes room for a line.
        shared = self._has_bar and sys.stdout.isatty()
        console = self._err if shared else self._out
        console.print(Text(_printable(text), style), soft_wrap=True)

    def complain(self, sentence: str) -> None:
        """Tell what went wrong."""
        self._err.print(Text(_printable(sentence), "red"), soft_wrap=True)

    def record(self, record: CaptionRecord) -> None:
        """Show what a record says, for people to read."""
        self.line(record.image.name, "bold")
        for caption in record.captions:
            sure = "" if caption.confidence is None else f"  ({caption.confidence:.2f})"
            self.line(f"  {caption.source:<13} {caption.text}{sure}")
        if record.needs_review is True:
            self.line("  for review    The model is unsure; read it before you publish it.", "cyan")
        for problem in record.problems:
            self.line(f"  {problem.source:<13} {problem.message}", "yellow")

    def json_line(self, record: CaptionRecord) -> None:
        """Write a record as one line of JSON, in UTF-8 whatever the terminal speaks."""
        typer.echo(to_json(record))

    @contextmanager
    def progress(self, *, as_json: bool = False) -> Iterator[Progress]:
        """Show progress bars while somebody is looking, and take them away at the end.

        Lines of JSON on the same terminal are progress enough.
        """
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(
            *columns,
            console=self._err,
            transient=True,
            disable=(as_json and self._out.is_terminal) or not self._err.is_terminal,
            redirect_stdout=False,
        ) as progress:
            self._has_bar = not progress.disable
            try:
                yield progress
            finally:
                self._has_bar = False


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("\N{REPLACEMENT CHARACTER}", text)
