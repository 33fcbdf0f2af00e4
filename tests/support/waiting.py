"""Waiting for a condition with a deadline, instead of sleeping and hoping."""

import time
from collections.abc import Callable

DEADLINE_S = 60.0
_PAUSE_S = 0.05


def wait_for[T](
    condition: Callable[[], T | None], what: str, *, deadline_s: float = DEADLINE_S
) -> T:
    """Ask until the condition gives something true, and give that.

    Raises `AssertionError` that says what was awaited when the deadline passes.
    """
    end = time.monotonic() + deadline_s
    while not (found := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {deadline_s:.0f} s in vain for {what}")
        time.sleep(_PAUSE_S)
    return found
