"""What end-to-end tests share: an Azurite for each test process, hosts that end with a test."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from tests.support.azurite import Azurite
from tests.support.host import DevHost


@pytest.fixture(scope="session")
def azurite() -> Iterator[Azurite]:
    """Storage for all tests of this process; keep apart by container, queue and host names."""
    with Azurite() as running:
        yield running


@pytest.fixture
def blobs(azurite: Azurite) -> Iterator[BlobServiceClient]:
    with azurite.blobs() as client:
        yield client


@pytest.fixture
def queues(azurite: Azurite) -> Iterator[QueueServiceClient]:
    with azurite.queues() as client:
        yield client


@pytest.fixture
def unique_name() -> Callable[[str], str]:
    """Give names of containers and queues that no other test uses, such as `images-1a2b3c4d`."""
    suffix = uuid.uuid4().hex[:12]
    return lambda stem: f"{stem}-{suffix}"


class StartHost(Protocol):
    def __call__(
        self,
        app_dir: Path,
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        *,
        message_lease_s: float = 600,
    ) -> DevHost: ...


@pytest.fixture
def start_host(azurite: Azurite) -> Iterator[StartHost]:
    """Start an app under the devhost, on this process's Azurite; it ends with the test.

    `settings` may override `AzureWebJobsStorage`.
    """
    with ExitStack() as hosts:

        def start(
            app_dir: Path,
            settings: Mapping[str, str] | None = None,
            arguments: Sequence[str] = (),
            *,
            message_lease_s: float = 600,
        ) -> DevHost:
            everything = {"AzureWebJobsStorage": azurite.connection_string, **(settings or {})}
            host = DevHost(app_dir, everything, arguments, message_lease_s=message_lease_s)
            return hosts.enter_context(host)

        yield start
