"""A collection in the emulator, for the tests of this room."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.azurite import Azurite
from tests.support.museum import Museum


@pytest.fixture
def museum(azurite: Azurite, unique_name: Callable[[str], str], tmp_path: Path) -> Iterator[Museum]:
    museum = Museum(azurite, unique_name("captions"), tmp_path)
    with museum.blobs:
        yield museum
