"""A storage account in memory, for tests that need many of them or want it to fail in between.

It has what the store asks of the SDK's clients, and keeps to the conditions of each request. Tests
of the store itself use a real emulator.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from types import SimpleNamespace
from typing import Any, cast

from azure.core.exceptions import (
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobServiceClient, ContentSettings
from azure.storage.queue import QueueServiceClient

from captioner.records import now
from captioner.settings import Settings
from captioner.store import ImageStore


def _nothing() -> None:
    pass


@dataclass
class MemoryAccount:
    """Blobs by container and name; `before` is called before each request, and may raise."""

    blobs: dict[tuple[str, str], "_Version"] = field(default_factory=dict)
    before: Callable[[], None] = _nothing
    url: str = "http://127.0.0.1/memory"
    _versions: Iterator[int] = field(default_factory=lambda: count(1))

    def store(self, settings: Settings | None = None) -> ImageStore:
        """Give the store of this account."""
        return ImageStore(
            cast("BlobServiceClient", self),
            cast("QueueServiceClient", self),
            settings or Settings(),
        )

    def names(self, container: str) -> set[str]:
        """Give the names of all blobs in a container."""
        return {name for of, name in self.blobs if of == container}

    def get_container_client(self, name: str) -> "_Container":
        return _Container(self, name)

    def get_queue_client(self, *_: Any, **__: Any) -> "_Queue":
        return _Queue()

    def write(self, key: tuple[str, str], data: bytes, settings: Any) -> "_Version":
        version = _Version(data, f'"{next(self._versions)}"', now(), settings or ContentSettings())
        self.blobs[key] = version
        return version


@dataclass(frozen=True)
class _Version:
    data: bytes
    etag: str
    last_modified: datetime
    content_settings: ContentSettings
    metadata: None = None

    @property
    def size(self) -> int:
        return len(self.data)


class _Queue:
    def send_message(self, *_: Any, **__: Any) -> None:
        pass


@dataclass
class _Container:
    account: MemoryAccount
    container_name: str

    def get_blob_client(self, name: str) -> "_Blob":
        return _Blob(self.account, self.container_name, name)


@dataclass
class _Blob:
    account: MemoryAccount
    container_name: str
    blob_name: str

    @property
    def url(self) -> str:
        return f"{self.account.url}/{self.container_name}/{self.blob_name}"

    def download_blob(self, **_: Any) -> Any:
        version = self._present(None)
        return SimpleNamespace(properties=version, size=version.size, readall=lambda: version.data)

    def get_blob_properties(self) -> _Version:
        return self._present(None)

    def upload_blob(
        self, data: bytes, *, overwrite: bool = False, etag: str | None = None, **options: Any
    ) -> dict[str, Any]:
        self.account.before()
        there = self.account.blobs.get(self._key)
        if there and not overwrite:
            raise ResourceExistsError
        if etag is not None and (there is None or there.etag != etag):
            raise ResourceModifiedError
        written = self.account.write(self._key, data, options.get("content_settings"))
        return {"etag": written.etag, "last_modified": written.last_modified}

    def delete_blob(self, *, etag: str | None = None, **_: Any) -> None:
        self._present(etag)
        del self.account.blobs[self._key]

    def create_append_blob(self) -> None:
        # Not told before, as the change log holds a lock meanwhile.
        self.account.write(self._key, b"", None)

    def append_block(self, data: bytes) -> None:
        before = self._present(None)
        self.account.write(self._key, before.data + data, None)

    @property
    def _key(self) -> tuple[str, str]:
        return self.container_name, self.blob_name

    def _present(self, etag: str | None) -> _Version:
        self.account.before()
        version = self.account.blobs.get(self._key)
        if version is None:
            raise ResourceNotFoundError
        if etag not in {None, version.etag}:
            raise ResourceModifiedError
        return version
