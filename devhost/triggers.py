"""What every kind of trigger has in common."""

from typing import Protocol


class Trigger(Protocol):
    """Listens for one thing and calls functions when it happens."""

    async def run(self) -> None:
        """Listen until cancelled."""

    async def finish(self, limit_s: float) -> None:
        """Bring what is in work to its end; give back what is not done when the time is up."""
