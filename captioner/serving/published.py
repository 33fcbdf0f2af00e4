"""The versions of one model in a container: what is read of them, within bounds."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO

import msgspec
from azure.storage.blob import ContainerClient, StorageStreamDownloader

from captioner.errors import BundleInvalid, BundleMissing, BundleUnreachable, StoreError
from captioner.model.manifest import MANIFEST, GraphFile
from captioner.model.release import POINTER, Pointer, Release
from captioner.store.account import translated

_LARGEST_POINTER = 64 * 2**10
_LARGEST_MANIFEST = 16 * 2**20
_LARGEST_GRAPH = 2 * 2**30  # ONNX has none that is larger


class Published:
    """One model's versions; safe to share between threads.

    Every method raises `BundleUnreachable` where storage does not work or does not let the app in,
    `BundleMissing` where it has no such thing, `BundleInvalid` where it has something else.
    """

    def __init__(self, container: ContainerClient, name: str) -> None:
        self._container = container
        self.name = name

    def current(self) -> Pointer:
        """Tell which version is current."""
        blob = f"{self.name}/{POINTER}"
        content = self._read(blob, _LARGEST_POINTER)
        try:
            return msgspec.json.decode(content, type=Pointer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BundleInvalid(
                f"{blob} tells no version: promote one, or delete the blob."
            ) from None

    def release(self, version: str) -> Release:
        """Give a version as it is published now."""
        content = self._read(f"{self.name}/{version}/{MANIFEST}", _LARGEST_MANIFEST)
        return Release(version, hashlib.sha256(content).hexdigest())

    def versions(self) -> dict[str, datetime]:
        """Give the versions that are registered whole, and when each was, to the second."""
        found: dict[str, datetime] = {}
        with _told(f"container '{self._container.container_name}'"):
            for blob in self._container.list_blobs(name_starts_with=f"{self.name}/"):
                match blob.name.split("/"):
                    case [_, version, last] if last == MANIFEST:
                        found[version] = blob.creation_time
        return found

    def manifest(self, release: Release) -> bytes:
        """Read a release's model.json."""
        blob = f"{self.name}/{release.version}/{MANIFEST}"
        content = self._read(blob, _LARGEST_MANIFEST)
        if hashlib.sha256(content).hexdigest() != release.sha256:
            raise BundleInvalid(
                f"{blob} is not the file that was promoted: register the bundle as another version."
            )
        return content

    @contextmanager
    def graph(self, release: Release, graph: GraphFile) -> Iterator[StorageStreamDownloader[bytes]]:
        """Give a release's graph to be read; of no more bytes than a graph may have."""
        with self._download(f"{self.name}/{release.version}/{graph.file}", _LARGEST_GRAPH) as it:
            yield it

    def _read(self, name: str, most: int) -> bytes:
        with self._download(name, most) as download:
            return download.readall()

    @contextmanager
    def _download(self, name: str, most: int) -> Iterator[StorageStreamDownloader[bytes]]:
        where = f"{self._container.container_name}/{name}"
        with _told(where):
            download = self._container.get_blob_client(name).download_blob()
            if download.size > most:
                raise BundleInvalid(f"{where} has {download.size:,} bytes, too many for it.")
            yield download


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turn whatever the SDK raises into a `BundleError`."""
    try:
        with translated(where, missing=_NotThere):
            yield
    except _NotThere:
        raise BundleMissing(
            f"There is no {where}: set MODEL_URI to a version that is registered, or to a "
            "model of which one is promoted."
        ) from None
    except StoreError as fault:
        raise BundleUnreachable(f"{where} cannot be read: {fault.message}") from fault


class _NotThere(StoreError):
    """What is asked for is not in storage."""


def copied(download: StorageStreamDownloader[bytes], file: BinaryIO) -> str:
    """Write what is downloaded to a file, and give its SHA-256."""
    checksum = hashlib.sha256()
    for part in download.chunks():
        checksum.update(part)
        file.write(part)
    return checksum.hexdigest()
