"""The blobs of the catalogue: a snapshot, the segments of the change log, and locks.

They lie beside the sidecars, in `.catalogue/` of the captions container:

    .catalogue/snapshot.ndjson.gz    replaced as a whole, over the version that was read only
    .catalogue/log/*.ndjson          appended to, each by one process
    .catalogue/*.lock                leased by whoever does what only one should do at a time
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Self

from azure.core import MatchConditions
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobClient, BlobLeaseClient, BlobServiceClient, ContentSettings

from captioner.entries import Change
from captioner.errors import StoreConflict
from captioner.settings import Settings, StorageConnection
from captioner.store.account import open_account, translated
from captioner.store.change_log import FOLDER, LOG, ChangeLog, creating

SNAPSHOT = f"{FOLDER}snapshot.ndjson.gz"

_LEASE_S = 60  # the longest that ends by itself
_SIDECAR_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class Segment:
    """One blob of the change log; `size` in bytes, which only grows."""

    name: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class Stock:
    """Which blobs make up the catalogue; `snapshot` is an ETag, None before there is one."""

    snapshot: str | None
    snapshot_size: int
    segments: tuple[Segment, ...]


class LeaseLost(StoreConflict):
    """Another process has taken over what was leased: to be left to it, not to be tried again."""


class Lease:
    """The right to do what only one should do at a time; ends by itself unless renewed."""

    def __init__(self, lease: BlobLeaseClient) -> None:
        self._lease = lease

    def renew(self) -> None:
        """Hold it for another minute; raises `LeaseLost` where somebody else has it now."""
        with translated("lease"):
            try:
                self._lease.renew()
            except HttpResponseError as fault:
                if fault.status_code in {409, 412}:
                    raise LeaseLost("Another process has taken this work over.") from fault
                raise


class CatalogueBlobs:
    """Reads and writes the blobs of the catalogue; safe to share between threads."""

    def __init__(self, blobs: BlobServiceClient, settings: Settings) -> None:
        self._service = blobs
        self._container = blobs.get_container_client(settings.captions_container)
        self._log = ChangeLog(self._container)

    @classmethod
    def connect(cls, connection: StorageConnection, settings: Settings) -> Self:
        """Prepare the client; nothing is sent before the first call of a method."""
        blobs, queues = open_account(connection)
        queues.close()
        return cls(blobs, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._service.close()

    @property
    def url(self) -> str:
        """Give what tells this catalogue from any other, without credentials."""
        return str(self._container.url).partition("?")[0]

    def append(self, changes: list[Change]) -> None:
        """Append to the change log."""
        self._log.append(changes)

    def look(self) -> Stock:
        """See what is there, by one request for each 5,000 blobs of it."""
        snapshot, size = None, 0
        segments = []
        with translated("catalogue"), suppress(ResourceNotFoundError):  # no container, no images
            for blob in self._container.list_blobs(name_starts_with=FOLDER):
                if blob.name == SNAPSHOT:
                    snapshot, size = _quoted(blob.etag), blob.size
                elif blob.name.startswith(LOG):
                    segments.append(
                        Segment(blob.name, blob.size, _quoted(blob.etag), blob.last_modified)
                    )
        return Stock(snapshot, size, tuple(segments))

    def read_segment(self, name: str, start: int, end: int) -> bytes:
        """Read these bytes of a segment.

        Raises `StoreConflict` where it is gone.
        """
        with translated("change log", missing=StoreConflict):
            download = self._container.get_blob_client(name).download_blob(start, end - start)
            return bytes(download.readall())

    def read_snapshot(self, etag: str, file: IO[bytes]) -> None:
        """Copy this version of the snapshot.

        Raises `StoreConflict` where there is a later one.
        """
        with translated("catalogue", missing=StoreConflict):
            self._container.get_blob_client(SNAPSHOT).download_blob(
                etag=etag, match_condition=MatchConditions.IfNotModified
            ).readinto(file)

    def read_snapshot_start(self, etag: str, size: int) -> bytes:
        """Read at most the first `size` bytes of this version of the snapshot.

        Raises `StoreConflict` where there is a later one.
        """
        with translated("catalogue", missing=StoreConflict):
            download = self._container.get_blob_client(SNAPSHOT).download_blob(
                0, size, etag=etag, match_condition=MatchConditions.IfNotModified
            )
            return bytes(download.readall())

    def replace_snapshot(self, file: IO[bytes], etag: str | None) -> None:
        """Write the snapshot over this version of it, None where there is none.

        Raises `StoreConflict` where it is no longer that one.
        """
        condition: dict[str, Any] = (
            {"overwrite": False}
            if etag is None
            else {
                "overwrite": True,
                "etag": etag,
                "match_condition": MatchConditions.IfNotModified,
            }
        )
        with translated("catalogue", missing=StoreConflict):
            self._container.get_blob_client(SNAPSHOT).upload_blob(
                file,
                content_settings=ContentSettings(content_type="application/gzip"),
                **condition,
            )

    def delete_segment(self, segment: Segment) -> None:
        """Delete a segment, unless it has grown since it was seen."""
        with translated("change log"), suppress(ResourceModifiedError, ResourceNotFoundError):
            self._container.get_blob_client(segment.name).delete_blob(
                etag=segment.etag, match_condition=MatchConditions.IfNotModified
            )

    def read_note(self, name: str) -> bytes | None:
        """Read a small blob of the catalogue; None where there is none."""
        with translated("catalogue"):
            try:
                return bytes(
                    self._container.get_blob_client(FOLDER + name).download_blob().readall()
                )
            except ResourceNotFoundError:
                return None

    def write_note(self, name: str, data: bytes) -> None:
        """Write a small blob of the catalogue; only ever by who holds the lease for it."""
        with translated("catalogue"):
            self._container.get_blob_client(FOLDER + name).upload_blob(data, overwrite=True)

    @contextmanager
    def lease(self, what: str) -> Iterator[Lease | None]:
        """Be the only one to do something, for a block of code; None where another does it."""
        blob = self._container.get_blob_client(f"{FOLDER}{what}.lock")
        with translated("lock"):
            try:
                held = self._acquired(blob)
            except HttpResponseError as fault:
                if fault.status_code != 409:
                    raise
                held = None
        if held is None:
            yield None
            return
        try:
            yield Lease(held)
        finally:
            with translated("lock"), suppress(HttpResponseError):  # it may have ended by itself
                held.release()

    def list_sidecars(self) -> Iterator[tuple[str, str]]:
        """List the names of all sidecar blobs with their ETags, page by page."""
        with translated("catalogue"), suppress(ResourceNotFoundError):
            for blob in self._container.list_blobs():
                if blob.name.endswith(_SIDECAR_SUFFIX) and not blob.name.startswith(FOLDER):
                    yield blob.name, _quoted(blob.etag)

    def _acquired(self, blob: BlobClient) -> BlobLeaseClient:
        try:
            return blob.acquire_lease(_LEASE_S)
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                creating(self._container, lambda: blob.upload_blob(b""))
            return blob.acquire_lease(_LEASE_S)


def _quoted(etag: str) -> str:
    """Give an ETag as headers have it: listings leave its quotes out."""
    return f'"{etag.strip('"')}"'
