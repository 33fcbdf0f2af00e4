"""What commands print, word for word: brackets in a path or a sentence are no markup."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from captioner.errors import CaptionerError

console = Console(markup=False)


def tell_fault(message: str) -> None:
    """Tell what went wrong, on standard error."""
    Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def counting(title: str, total: int, *, shown: bool = True) -> Iterator[Callable[[], object]]:
    """Show a bar that goes on with each call of what is given."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), disable=not shown) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


def run(app: Callable[[], object]) -> None:
    """Run a command line; what went wrong is told in a sentence, with exit status 1."""
    try:
        app()
    except CaptionerError as fault:
        tell_fault(fault.message)
        raise SystemExit(1) from None
