"""What end-to-end tests share: hosts that end with a test."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.support.azurite import Azurite
from tests.support.host import DevHost


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
