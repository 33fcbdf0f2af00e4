"""The time for which a message in work stays hidden from others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devhost.storage import missing_is_fine

# Somebody else has taken the message over, or has deleted it: it is theirs.
_NOT_OURS = ("PopReceiptMismatch", "MessageNotFound", "QueueNotFound", "QueueBeingDeleted")


class Lease:
    """Our hold on one message; every prolongation gives us another receipt for it."""

    def __init__(self, queue: QueueClient, message: QueueMessage, seconds: float) -> None:
        self._queue = queue
        self._id = message.id
        self._receipt = message.pop_receipt
        self._seconds = max(1, round(seconds))

    @asynccontextmanager
    async def prolonged(self) -> AsyncIterator[None]:
        """Keep the message hidden while the block runs."""
        done = asyncio.Event()
        task = asyncio.create_task(self._prolong(done))
        try:
            yield
        finally:
            # Not cancelled: a receipt that is on its way to us is the one that counts.
            done.set()
            await task

    async def delete(self) -> None:
        async with missing_is_fine(*_NOT_OURS):
            await self._queue.delete_message(self._id, self._receipt)

    async def show_again(self, after_s: float) -> None:
        async with missing_is_fine(*_NOT_OURS):
            await self._update(round(after_s))

    async def _prolong(self, done: asyncio.Event) -> None:
        while True:
            try:
                async with asyncio.timeout(self._seconds / 2):
                    await done.wait()
            except TimeoutError:
                with suppress(AzureError):  # storage may be back before the time runs out
                    await self._update(self._seconds)
            else:
                return

    async def _update(self, seconds: int) -> None:
        updated = await self._queue.update_message(
            self._id, self._receipt, visibility_timeout=seconds
        )
        self._receipt = updated.pop_receipt
