"""The change log: what was written to the sidecars, one line each, for whoever keeps a catalogue.

Each process appends to blobs of its own, so that writers never wait for each other, and no clock
or lock decides who writes where. A block is appended whole or not at all; it begins with the end
of a line too, so that whatever else gets into a log spoils no line of ours.
"""

import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Lock

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, ContainerClient

from captioner.entries import Change, to_line
from captioner.store.account import translated

FOLDER = ".catalogue/"  # nothing there ends with .json, as sidecars do
LOG = f"{FOLDER}log/"
LOG_SUFFIX = ".ndjson"

_MOST_BLOCKS = 50_000  # of an append blob; the service's limit
_LARGEST_BLOCK = 2**20  # bytes; the service takes four times that


class ChangeLog:
    """Appends changes; safe to share between threads."""

    def __init__(self, container: ContainerClient, *, most_blocks: int = _MOST_BLOCKS) -> None:
        self._container = container
        self._most_blocks = most_blocks
        self._segment: BlobClient | None = None
        self._blocks = 0
        self._lock = Lock()

    def append(self, changes: Iterable[Change]) -> None:
        """Append changes, as few blocks as they fit into.

        Twice the same change does no harm, so that a request may be sent again. Raises
        `StoreError`.
        """
        block = b""
        for change in changes:
            line = to_line(change)
            if block and len(block) + len(line) > _LARGEST_BLOCK:
                self._append(block)
                block = b""
            block += b"\n" + line + b"\n"
        if block:
            self._append(block)

    def _append(self, block: bytes) -> None:
        with translated("change log"):
            segment = self._writable()
            try:
                segment.append_block(block)
            except (ResourceNotFoundError, ResourceExistsError):
                # All of it is in the snapshot by now and it is gone, or it takes no more blocks:
                # requests that were sent again have filled it sooner than we count.
                self._writable(instead_of=segment).append_block(block)

    def _writable(self, *, instead_of: BlobClient | None = None) -> BlobClient:
        """Give the blob that the next block goes to."""
        with self._lock:
            if self._segment in (None, instead_of) or self._blocks >= self._most_blocks:
                name = f"{LOG}{uuid.uuid4().hex}{LOG_SUFFIX}"
                segment = self._container.get_blob_client(name)
                creating(self._container, segment.create_append_blob)
                self._segment, self._blocks = segment, 0
            self._blocks += 1
            return self._segment


def creating(container: ContainerClient, write: Callable[[], object]) -> None:
    """Write, in a container that need not be there yet."""
    try:
        write()
    except ResourceNotFoundError:
        with suppress(ResourceExistsError):
            container.create_container()
        write()
