"""Storage accounts as the host uses them, and how it stands their going away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from types import TracebackType

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from devhost.errors import HostError

_log = logging.getLogger(__name__)

# Where the host keeps receipts of blobs and the status of timers.
HOSTS_CONTAINER = "azure-webjobs-hosts"

_SHORTEST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 15.0
_CONNECT_TIMEOUT_S = 5
_READ_TIMEOUT_S = 30


class Account:
    """One storage account: its clients, and whether it answers at present.

    The clients do not retry by themselves: whoever uses them is a loop that does.
    """

    def __init__(self, connection_string: str, setting: str) -> None:
        try:
            self.blobs = BlobServiceClient.from_connection_string(
                connection_string,
                retry_total=0,
                connection_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
            )
            self.queues = QueueServiceClient.from_connection_string(
                connection_string,
                retry_total=0,
                connection_timeout=_CONNECT_TIMEOUT_S,
                read_timeout=_READ_TIMEOUT_S,
            )
        except ValueError:
            raise HostError(
                f"The app setting {setting} is not a storage connection string: copy it from the "
                "portal, or set it to UseDevelopmentStorage=true for Azurite."
            ) from None
        self._setting = setting
        self._failing: dict[str, str] = {}

    def failed(self, what: str, error: AzureError) -> None:
        """Say that something fails: once, until it works again or fails in another way."""
        if isinstance(error, ServiceRequestError | ServiceResponseError):
            reason = (
                f"Storage ({self._setting}) does not answer at {self.blobs.url} or "
                f"{self.queues.url}: start Azurite, or mend the setting. The host serves HTTP all "
                "the same and keeps trying; its other triggers wait."
            )
        else:
            reason = f"{what} fails and is tried again: storage says {describe(error)}."
        if reason not in self._failing.values():
            _log.error("%s", reason)
        self._failing[what] = reason

    def succeeded(self, what: str) -> None:
        if self._failing.pop(what, None) and not self._failing:
            _log.warning("Storage (%s) answers again: triggers go on.", self._setting)

    async def get_blob(self, container: str, name: str) -> bytes | None:
        """Read a blob; None where it is not there."""
        async with missing_is_fine("BlobNotFound", "ContainerNotFound"):
            download = await self.blobs.get_blob_client(container, name).download_blob()
            return await download.readall()
        return None

    async def put_blob(self, container: str, name: str, data: bytes) -> None:
        """Write a blob over whatever is there, and make its container where it is missing."""
        blob = self.blobs.get_blob_client(container, name)
        async with missing_is_fine("ContainerNotFound"):
            await blob.upload_blob(data, overwrite=True)
            return
        async with missing_is_fine("ContainerAlreadyExists"):
            await self.blobs.create_container(container)
        await blob.upload_blob(data, overwrite=True)

    async def close(self) -> None:
        await self.blobs.close()
        await self.queues.close()


class Backoff:
    """Pauses that grow while something fails or finds nothing, and can be cut short."""

    def __init__(self, shortest_s: float, longest_s: float) -> None:
        self._shortest_s = min(shortest_s, longest_s)
        self._longest_s = longest_s
        self._next_s = self._shortest_s
        self._wake = asyncio.Event()

    def reset(self) -> None:
        self._next_s = self._shortest_s

    def wake(self) -> None:
        """End the present pause, or the next one."""
        self._wake.set()

    async def pause(self) -> None:
        try:
            async with asyncio.timeout(self._next_s):
                await self._wake.wait()
        except TimeoutError:
            self._next_s = min(self._next_s * 2, self._longest_s)
        self._wake.clear()


async def keep_trying(
    account: Account, what: str, step: Callable[[], Awaitable[bool]], rest: Backoff
) -> None:
    """Do a step over and over, for ever; while storage fails, ever less often.

    A step says whether it found something to do; where it did not, a rest follows.
    """
    backoff = Backoff(_SHORTEST_PAUSE_S, _LONGEST_PAUSE_S)
    while True:
        try:
            found = await step()
        except AzureError as error:
            account.failed(what, error)
            await backoff.pause()
            continue
        account.succeeded(what)
        backoff.reset()
        if found:
            rest.reset()
        else:
            await rest.pause()


def describe(error: AzureError) -> str:
    """Give what storage says in one line; it tells more than anybody reads."""
    code = getattr(error, "error_code", None)
    text = str(error).partition("\n")[0].rstrip(".")
    return f"{text} ({getattr(code, 'value', code)})" if code else text


class missing_is_fine:  # noqa: N801 - reads as a statement
    """Let storage answer with one of these error codes, and go on after the block."""

    def __init__(self, *codes: str) -> None:
        self._codes = codes

    async def __aenter__(self) -> None: ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        answered = isinstance(error, HttpResponseError)
        return answered and getattr(error, "error_code", None) in self._codes
