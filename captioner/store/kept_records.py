"""What is kept of deleted images: their records, for the sake of what people wrote in them.

They lie beside the sidecars, in `.kept/` of the captions container, where no listing takes them for
sidecars and no image's sidecar can be called so:

    .kept/<SHA-256 of the image's name>                  the record
    .kept/<the same>~<SHA-256 of the bytes>.unreadable   a sidecar that was no record, as it was
"""

import hashlib
from contextlib import suppress
from typing import Any

import msgspec
from azure.core import MatchConditions
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from captioner.errors import RecordNotFound, RecordUnreadable, StoreConflict
from captioner.records import CaptionRecord, from_json, to_json
from captioner.store.account import translated

FOLDER = ".kept/"  # nothing there ends with .json, as sidecars do


class KeptRecords:
    """Reads and writes what is kept, in a container that is there; safe to share between threads.

    Every method may raise `StoreError`.
    """

    def __init__(self, container: ContainerClient) -> None:
        self._container = container

    def read(self, name: str) -> tuple[CaptionRecord, str]:
        """Give what is kept of an image, and its ETag.

        Raises `RecordNotFound`, or `RecordUnreadable` where it is not a record.
        """
        with translated(f"kept record of '{name}'", missing=RecordNotFound):
            download = self._blob(name).download_blob()
            data, etag = download.readall(), str(download.properties.etag)
        try:
            return from_json(data), etag
        except msgspec.DecodeError as fault:
            raise RecordUnreadable(
                f"What is kept of '{name}' is not a caption record ({fault}): mend or delete "
                f"'{self._blob(name).blob_name}'."
            ) from fault

    def write(self, record: CaptionRecord, etag: str | None) -> None:
        """Keep a record in place of this version of what is kept, None where nothing is.

        It is another version then, even with the same record. Raises `StoreConflict` where that
        version is no longer the last.
        """
        condition: dict[str, Any] = {"overwrite": False}
        if etag is not None:
            condition = {"overwrite": True, **_only(etag)}
        name = record.image.name
        with translated(f"kept record of '{name}'", missing=StoreConflict):
            self._blob(name).upload_blob(
                to_json(record, indent=2),
                content_settings=ContentSettings(content_type="application/json"),
                **condition,
            )

    def delete(self, name: str, etag: str) -> None:
        """Keep this version no longer; a later one stays."""
        with (
            suppress(StoreConflict, RecordNotFound),
            translated(f"kept record of '{name}'", missing=RecordNotFound),
        ):
            self._blob(name).delete_blob(**_only(etag))

    def put_aside(self, name: str, data: bytes) -> str:
        """Keep bytes that should be an image's record and are not; give the blob's name."""
        blob = self._container.get_blob_client(
            f"{_path(name)}~{hashlib.sha256(data).hexdigest()}.unreadable"
        )
        with translated(f"kept record of '{name}'"):
            blob.upload_blob(data, overwrite=True)
        return str(blob.blob_name)

    def put_record_aside(self, name: str) -> None:
        """Make room for a record where what is kept is none, without losing its bytes."""
        with (
            suppress(StoreConflict, RecordNotFound),
            translated(f"kept record of '{name}'", missing=RecordNotFound),
        ):
            download = self._blob(name).download_blob()
            data, etag = download.readall(), str(download.properties.etag)
            self.put_aside(name, data)
            self._blob(name).delete_blob(**_only(etag))

    def _blob(self, name: str) -> BlobClient:
        return self._container.get_blob_client(_path(name))


def _path(name: str) -> str:
    return f"{FOLDER}{hashlib.sha256(name.encode()).hexdigest()}"


def _only(etag: str) -> dict[str, Any]:
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}
