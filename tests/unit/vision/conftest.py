from collections.abc import Iterator

import pytest

from tests.support.clock import FakeClock
from tests.support.vision_server import VisionServer


@pytest.fixture(scope="module")
def running_server() -> Iterator[VisionServer]:
    with VisionServer() as server:
        yield server


@pytest.fixture
def server(running_server: VisionServer) -> VisionServer:
    running_server.reset()
    return running_server


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()
