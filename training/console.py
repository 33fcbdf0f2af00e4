"""What commands print, word for word: brackets in a path or a sentence are no markup."""

from collections.abc import Callable

from rich.console import Console

from captioner.errors import CaptionerError

console = Console(markup=False)


def tell_fault(message: str) -> None:
    """Tell what went wrong, on standard error."""
    Console(stderr=True).print(message, style="red", markup=False, highlight=False, soft_wrap=True)


def run(app: Callable[[], object]) -> None:
    """Run a command line; what went wrong is told in a sentence, with exit status 1."""
    try:
        app()
    except CaptionerError as fault:
        tell_fault(fault.message)
        raise SystemExit(1) from None
