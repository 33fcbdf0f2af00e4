"""What holds for every test, and what tests of several rooms share."""

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient
from hypothesis import settings

from tests.support.azurite import Azurite

# The same examples on every run and machine, however slow it is.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def pytest_configure() -> None:
    """Set what programs take from their terminal, and what would differ from one to another.

    Ctrl-C is heeded, which jobs in the background are started without; lines are broken at one
    width, before any console is made, which reads it once.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ["COLUMNS"] = "200"


@pytest.fixture(scope="session")
def bindings() -> dict[str, dict[str, Any]]:
    """Each function's trigger, by the function's name; an app tells its functions once only."""
    import function_app  # noqa: PLC0415 - reads the settings

    return {
        function.get_function_name(): function.get_trigger().get_dict_repr()
        for function in function_app.app.get_functions()
    }


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
