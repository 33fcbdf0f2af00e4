"""Captions as their sidecars arrive."""

from collections.abc import Iterator
from contextlib import suppress

import msgspec
from azure.core.exceptions import AzureError
from azure.storage.blob import ContainerClient

from captioner.records import CaptionRecord, from_json


class SidecarWatch:
    """Tells which sidecars were written since it was last asked; those there before it are old."""

    def __init__(self, captions: ContainerClient) -> None:
        self._captions = captions
        self._seen = {blob.name: blob.etag for blob in captions.list_blobs()}

    def new(self) -> Iterator[CaptionRecord]:
        """Give the records written since the last call, oldest first.

        Gives none while storage is out of reach.
        """
        try:
            for blob in sorted(self._captions.list_blobs(), key=lambda blob: blob.last_modified):
                if self._seen.get(blob.name) == blob.etag:
                    continue
                data = self._captions.download_blob(blob.name).readall()
                self._seen[blob.name] = blob.etag
                with suppress(msgspec.DecodeError):
                    yield from_json(data)
        except AzureError:
            return
