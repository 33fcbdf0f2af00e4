"""Small documents in one container, each written whole and on conditions."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from captioner.errors import StoreConflict
from captioner.store.account import translated

LARGEST_LISTING = 5000  # the service's own limit


@dataclass(frozen=True, slots=True)
class Entry:
    """What the container knows of a document without reading it."""

    name: str
    etag: str
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document(Entry):
    """A document as it was read; its `repr` leaves out what may be a secret."""

    data: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Listing:
    """Some documents by name; `next` asks for those after them, None where there are none."""

    entries: tuple[Entry, ...]
    next: str | None


class Documents:
    """One container; made with its first document. Safe to share between threads.

    Every method may raise `StoreError`.
    """

    def __init__(
        self, container: ContainerClient, *, content_type: str = "application/json"
    ) -> None:
        self._container = container
        self._content_type = content_type

    @property
    def container(self) -> str:
        return str(self._container.container_name)

    def read(self, name: str) -> Document | None:
        """Read a document; None where it is not there."""
        with translated(f"document '{name}'"):
            try:
                download = self._blob(name).download_blob()
                data = download.readall()
            except ResourceNotFoundError:
                return None
            properties = download.properties
            return Document(name, str(properties.etag), dict(properties.metadata or {}), data)

    def read_part(self, name: str, start: int, end: int) -> bytes | None:
        """Read the bytes from `start` up to `end`, of which there is at least one."""
        with translated(f"document '{name}'"):
            try:
                return self._blob(name).download_blob(offset=start, length=end - start).readall()
            except ResourceNotFoundError:
                return None

    def look(self, name: str) -> Entry | None:
        """Give what is known of a document; None where it is not there."""
        with translated(f"document '{name}'"):
            try:
                found = self._blob(name).get_blob_properties()
            except ResourceNotFoundError:
                return None
            return Entry(name, str(found.etag), dict(found.metadata or {}))

    def create(self, name: str, data: bytes, *, metadata: Mapping[str, str] | None = None) -> bool:
        """Write a document, and tell whether it was not there before; what is there stays."""
        with translated(f"document '{name}'"):
            try:
                self._upload(name, data, metadata=metadata, overwrite=False)
            except ResourceExistsError:
                return False
            return True

    def put(self, name: str, data: bytes, *, metadata: Mapping[str, str] | None = None) -> None:
        """Write a document over whatever is there."""
        with translated(f"document '{name}'"):
            self._upload(name, data, metadata=metadata, overwrite=True)

    def replace(self, name: str, data: bytes, etag: str) -> None:
        """Write a document over the version that was read.

        Raises `StoreConflict` where it is no longer that one.
        """
        with translated(f"document '{name}'", missing=StoreConflict):
            self._upload(name, data, overwrite=True, **_only(etag))

    def describe(self, name: str, metadata: Mapping[str, str], etag: str) -> None:
        """Write what is known of a document over what was read; raises as `replace` does."""
        with translated(f"document '{name}'", missing=StoreConflict):
            self._blob(name).set_blob_metadata(dict(metadata), **_only(etag))

    def delete(self, name: str) -> None:
        """Delete a document, if it is there."""
        with translated(f"document '{name}'"), suppress(ResourceNotFoundError):
            self._blob(name).delete_blob()

    def page(
        self, prefix: str, *, token: str | None = None, size: int = LARGEST_LISTING
    ) -> Listing:
        """List at most `size` documents whose names begin so; `token` is the last list's `next`."""
        with translated(f"container '{self.container}'"):
            pages: Any = self._container.list_blobs(
                name_starts_with=prefix, include=["metadata"], results_per_page=size
            ).by_page(continuation_token=token)
            try:
                blobs = list(next(pages, ()))
            except ResourceNotFoundError:
                return Listing((), None)
            entries = tuple(
                # A listing gives ETags without the quotes that headers have.
                Entry(blob.name, f'"{blob.etag}"', dict(blob.metadata or {}))
                for blob in blobs
            )
            return Listing(entries, pages.continuation_token or None)

    def every(self, prefix: str) -> list[Entry]:
        """List every document whose name begins so."""
        listing = self.page(prefix)
        entries = [*listing.entries]
        while listing.next is not None:
            listing = self.page(prefix, token=listing.next)
            entries += listing.entries
        return entries

    def _upload(self, name: str, data: bytes, **options: Any) -> None:
        settings = ContentSettings(content_type=self._content_type)

        def write() -> None:
            self._blob(name).upload_blob(data, content_settings=settings, **options)

        self._creating_what_is_missing(write)

    def _creating_what_is_missing(self, write: Callable[[], None]) -> None:
        try:
            write()
        except ResourceNotFoundError:
            with suppress(ResourceExistsError):
                self._container.create_container()
            write()

    def _blob(self, name: str) -> BlobClient:
        return self._container.get_blob_client(name)


def _only(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}
