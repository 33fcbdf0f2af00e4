"""Storage queues: writing messages, and the listener that hands them to a function.

Behaves as QueueListener and QueueProcessor of Microsoft.Azure.WebJobs.Extensions.Storage do: a
message in work is hidden from others and its time is prolonged; success deletes it, failure shows
it again after `visibilityTimeout`, and `maxDequeueCount` attempts later the poison queue has it.
A poison queue has none of its own: what fails there stays hidden for as long as a message in work
would, and is tried again until storage lets it expire.
"""

import asyncio
import base64
import binascii
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from devhost.host_json import Encoding, Queues
from devhost.lease import Lease
from devhost.storage import Account, Backoff, keep_trying, missing_is_fine

_log = logging.getLogger(__name__)

_SHORTEST_POLL_S = 0.1


class QueueWriter:
    """Adds messages, makes queues that are missing, and tells listeners of this host at once."""

    def __init__(self) -> None:
        self._listeners: dict[tuple[str, str], list[Backoff]] = defaultdict(list)

    def watch(self, queue: QueueClient, backoff: Backoff) -> None:
        """Wake a listener whenever this host adds to its queue."""
        self._listeners[queue.url, queue.queue_name].append(backoff)

    async def add(self, account: Account, name: str, body: bytes, encoding: Encoding) -> None:
        text = base64.b64encode(body).decode() if encoding == "base64" else body.decode()
        await self.add_raw(account, name, text)

    async def add_raw(self, account: Account, name: str, text: str) -> None:
        """Add a message whose text is already as it goes over the wire."""
        queue = account.queues.get_queue_client(name)
        async with missing_is_fine("QueueNotFound"):
            await queue.send_message(text)
            self._wake(queue)
            return
        async with missing_is_fine("QueueAlreadyExists"):
            await queue.create_queue()
        await queue.send_message(text)
        self._wake(queue)

    def _wake(self, queue: QueueClient) -> None:
        for backoff in self._listeners[queue.url, queue.queue_name]:
            backoff.wake()


@dataclass(frozen=True, slots=True)
class Received:
    """A message in work: its decoded body and what storage says of it."""

    body: bytes
    message: QueueMessage


type Handler = Callable[[Received], Awaitable[bool]]


class QueueListener:
    """Gives each message of one queue to a handler, several at a time.

    The handler says whether the message is done with; where it is not, it will be seen again.
    `poison_name` is None where there is no poison queue.
    """

    def __init__(
        self,
        account: Account,
        name: str,
        handler: Handler,
        *,
        poison_name: str | None,
        options: Queues,
        longest_poll_s: float,
        lease_s: float,
        writer: QueueWriter,
    ) -> None:
        self._account = account
        self._queue = account.queues.get_queue_client(name)
        self._what = f"Listening to queue '{name}'"
        self._poison_name = poison_name
        self._handler = handler
        self._options = options
        self._lease_s = lease_s
        self._writer = writer
        self._backoff = Backoff(_SHORTEST_POLL_S, longest_poll_s)
        self._working: dict[asyncio.Task[None], Lease] = {}
        writer.watch(self._queue, self._backoff)

    async def run(self) -> None:
        """Listen until cancelled; what is in work then goes on."""
        await keep_trying(self._account, self._what, self._fetch, self._backoff)

    async def finish(self, limit_s: float) -> None:
        """Wait for messages in work; let others see at once what takes longer than the limit."""
        if not self._working:
            return
        _, late = await asyncio.wait(self._working, timeout=limit_s)
        leases = [self._working[task] for task in late]
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for lease in leases:
            with suppress(AzureError):
                await lease.show_again(0)

    async def _fetch(self) -> bool:
        while len(self._working) > self._options.refill_below:
            await asyncio.wait(self._working, return_when=asyncio.FIRST_COMPLETED)
        batch = await self._receive()
        for message, lease in batch:
            task = asyncio.create_task(self._process(message, lease))
            self._working[task] = lease
            task.add_done_callback(self._working.pop)
        return bool(batch)

    async def _receive(self) -> list[tuple[QueueMessage, Lease]]:
        """Take messages; those that come when we are being stopped are put back at once."""
        request = asyncio.create_task(self._request())
        try:
            return await asyncio.shield(request)
        except asyncio.CancelledError:
            with suppress(AzureError):
                for _, lease in await request:
                    await lease.show_again(0)
            raise

    async def _request(self) -> list[tuple[QueueMessage, Lease]]:
        pages = self._queue.receive_messages(
            messages_per_page=self._options.batch_size,
            visibility_timeout=max(1, round(self._lease_s)),
        ).by_page()
        async with missing_is_fine("QueueNotFound", "QueueBeingDeleted"):
            async for page in pages:
                return [
                    (message, Lease(self._queue, message, self._lease_s)) async for message in page
                ]
        return []

    async def _process(self, message: QueueMessage, lease: Lease) -> None:
        try:
            async with lease.prolonged():
                done = await self._handle(message)
            if done:
                await lease.delete()
            elif self._poison_name is None:
                return
            elif (message.dequeue_count or 0) >= self._options.max_dequeue_count:
                _log.warning(
                    "Message has reached MaxDequeueCount of %d. Moving message to queue '%s'.",
                    self._options.max_dequeue_count,
                    self._poison_name,
                )
                await self._writer.add_raw(self._account, self._poison_name, message.content)
                await lease.delete()
            else:
                await lease.show_again(self._options.visibility_timeout)
                self._backoff.wake()
        except AzureError as error:
            # Its time runs out and it is seen again: nothing is lost.
            self._account.failed(self._what, error)

    async def _handle(self, message: QueueMessage) -> bool:
        if self._poison_name and (message.dequeue_count or 0) > self._options.max_dequeue_count:
            return False  # a host was killed over it as often as it may be tried
        try:
            body = self._decode(message.content)
        except (binascii.Error, ValueError):
            _log.warning(
                "Message %s in queue '%s' is not base64, which host.json's "
                "extensions.queues.messageEncoding asks for. Moving message to queue '%s'.",
                message.id,
                self._queue.queue_name,
                self._poison_name,
            )
            if self._poison_name is None:
                return False
            await self._writer.add_raw(self._account, self._poison_name, message.content)
            return True
        return await self._handler(Received(body, message))

    def _decode(self, text: str) -> bytes:
        if self._options.message_encoding == "base64":
            return base64.b64decode(text, validate=True)
        return text.encode()
