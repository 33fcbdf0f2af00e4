"""A queue of short messages, written as the platform's queue triggers read them."""

from contextlib import suppress
from datetime import timedelta
from typing import Self

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueServiceClient, TextBase64EncodePolicy

from captioner.store.account import translated

_NO_DELAY = timedelta(0)
_FOR_EVER = -1  # messages would otherwise be gone after a week


class MessageQueue:
    """One queue; made with its first message. Safe to share between threads."""

    def __init__(self, queue: QueueClient) -> None:
        self._queue = queue

    @classmethod
    def of(cls, queues: QueueServiceClient, name: str) -> Self:
        return cls(queues.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy()))

    def send(self, message: bytes, *, delay: timedelta = _NO_DELAY) -> None:
        """Put a message of at most 48 KiB of UTF-8 on the queue, hidden for at most a week.

        It stays there until it is taken. Raises `StoreError`.
        """
        with translated(f"queue '{self._queue.queue_name}'"):
            try:
                self._send(message, delay)
            except ResourceNotFoundError:
                with suppress(ResourceExistsError):
                    self._queue.create_queue()
                self._send(message, delay)

    def _send(self, message: bytes, delay: timedelta) -> None:
        self._queue.send_message(
            message.decode(),
            visibility_timeout=int(delay.total_seconds()),
            time_to_live=_FOR_EVER,
        )
