"""An Azurite of the test's own: free ports, memory or a folder; it can go away and come back."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from scripts import azurite


class Azurite:
    """A storage account that a test may take down and bring back.

    Keeps its data in `location`, or in memory where none is given; data in memory is lost by
    `stop`. `start` after `stop` listens on the same ports, so the connection string stays valid.
    """

    def __init__(self, location: Path | None = None) -> None:
        self._location = location
        self._ports: azurite.Ports | None = None
        self._process = ExitStack()
        self.connection_string = ""

    def start(self) -> None:
        running = azurite.running(self._location, self._ports)
        account = self._process.enter_context(running)
        self._ports = account.ports
        self.connection_string = account.connection_string

    def stop(self) -> None:
        self._process.close()

    def blobs(self) -> BlobServiceClient:
        """Give a client that fails at once instead of retrying; close it, or use `with`."""
        return BlobServiceClient.from_connection_string(self.connection_string, retry_total=0)

    def queues(self) -> QueueServiceClient:
        """Give a client that fails at once instead of retrying; close it, or use `with`."""
        return QueueServiceClient.from_connection_string(self.connection_string, retry_total=0)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
