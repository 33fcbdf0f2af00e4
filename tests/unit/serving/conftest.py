"""Published models: a container of them, a disk to keep them on, and time that a test lets pass."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobServiceClient

from captioner.model.bundle import open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.serving import PublishedModel, published_model
from captioner.settings import StorageConnection
from tests.support.azurite import Azurite
from tests.support.clock import FakeClock
from tests.support.published import Shop

CHECK_S = 60


def open_captioner(folder: Path) -> OnnxCaptioner:
    return OnnxCaptioner(open_bundle(folder))


class Apps:
    """Models of processes that share a disk; each looks for another version in its time."""

    def __init__(self, connection: StorageConnection, shop: Shop, disk: Path) -> None:
        self._connection, self._shop = connection, shop
        self.disk = disk
        self.clock = FakeClock()

    def model(self, version: str | None = None, **options: Any) -> PublishedModel:
        given = {
            "uri": self._shop.uri(version),
            "connection": self._connection,
            "folder": self.disk,
            "open": open_captioner,
            **options,
        }
        model = published_model(**given, check_s=CHECK_S)
        model._clock = self.clock  # nobody but a test waits for it
        return model

    def look(self, model: PublishedModel) -> None:
        """Let so much time pass that the model looks, and wait for it to have looked."""
        self.clock.sleep(CHECK_S)
        model()
        with model._looking:
            pass

    def bundles(self) -> list[Path]:
        return sorted(path for path in self.disk.glob("*/*") if path.is_dir())


@pytest.fixture
def shop(blobs: BlobServiceClient, unique_name: Callable[[str], str], tmp_path: Path) -> Shop:
    return Shop(blobs.get_container_client(unique_name("models")), tmp_path / "made")


@pytest.fixture
def apps(azurite: Azurite, shop: Shop, tmp_path: Path) -> Apps:
    connection = StorageConnection(connection_string=azurite.connection_string)
    return Apps(connection, shop, tmp_path / "disk")


@pytest.fixture
def frail(
    unique_name: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Azurite, Shop]]:
    """Give storage that the test may take down, and a container in it; nobody asks it twice."""
    monkeypatch.setattr("captioner.store.account._options", lambda: {"retry_total": 0})
    with ExitStack() as ends:
        storage = ends.enter_context(Azurite(tmp_path / "account"))
        blobs = ends.enter_context(storage.blobs())
        yield storage, Shop(blobs.get_container_client(unique_name("models")), tmp_path / "made")
