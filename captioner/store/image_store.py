"""Images, their sidecars, and the queue of captions that are still to come."""

import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self
from urllib.parse import unquote

import msgspec
from azure.core import MatchConditions
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobClient, BlobProperties, BlobServiceClient, ContentSettings
from azure.storage.queue import QueueServiceClient, TextBase64EncodePolicy

from captioner.entries import Change, entry_of
from captioner.errors import (
    ImageExists,
    ImageNotFound,
    ImageTooLarge,
    InvalidRequest,
    RecordNotFound,
    RecordUnreadable,
    StoreConflict,
)
from captioner.records import CaptionRecord, from_json, now, to_json
from captioner.settings import Settings, StorageConnection
from captioner.store.account import account_of, open_account, translated
from captioner.store.blob_metadata import alt_text_in
from captioner.store.change_log import ChangeLog
from captioner.store.kept_records import KeptRecords

RETRY_QUEUE = "captioner-retry"

_SIDECAR_SUFFIX = ".json"
_LONGEST_BLOB_NAME = 1024  # characters; the service's own limit
# No XML can hold these: one such blob, and emulators list its container no more.
_UNLISTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")
_NO_TEXT = re.compile("[\ud800-\udfff]")
_SIGNATURE = re.compile("[?&;]sig=", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class StoredImage:
    """An image as it lies in the images container; `content_type` is its uploader's claim.

    `alt_text` is what the blob's metadata gives as such.
    """

    name: str
    data: bytes
    etag: str
    content_type: str | None
    url: str
    alt_text: str | None = None


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """What the container knows of an image without reading it; `size` in bytes.

    `metadata` is what its uploader said of it; a listing leaves it out.
    """

    name: str
    etag: str
    size: int
    metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ImagePage:
    """Some of the images by name; `next` asks for those after them, None where there are none."""

    images: tuple[ImageEntry, ...]
    next: str | None


class ImageStore:
    """Reads images, and reads and writes their sidecars; safe to share between threads.

    `kept` is what is left of the sidecars of deleted images.
    """

    def __init__(
        self, blobs: BlobServiceClient, queues: QueueServiceClient, settings: Settings
    ) -> None:
        self._services = (blobs, queues)
        self._images = blobs.get_container_client(settings.images_container)
        self._captions = blobs.get_container_client(settings.captions_container)
        self._retries = queues.get_queue_client(
            RETRY_QUEUE, message_encode_policy=TextBase64EncodePolicy()
        )
        self._own = {
            settings.images_container,
            settings.captions_container,
            settings.jobs_container,
            settings.thumbnails_container,
        }
        self._max_image_bytes = settings.max_image_bytes
        self._log = ChangeLog(self._captions)
        self.kept = KeptRecords(self._captions)

    @classmethod
    def connect(cls, connection: StorageConnection, settings: Settings) -> Self:
        """Prepare the clients; nothing is sent before the first call of a method.

        Raises `StoreRefused` where the connection string is malformed.
        """
        blobs, queues = open_account(connection)
        return cls(blobs, queues, settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for service in self._services:
            service.close()

    @property
    def images_container(self) -> str:
        return str(self._images.container_name)

    @property
    def images_url(self) -> str:
        """Give the URL of the images container, without credentials."""
        return str(self._images.url).partition("?")[0]

    def owns(self, endpoint: str, container: str) -> bool:
        """Tell whether a container of the account at a blob endpoint is one of this app's."""
        return container in self._own and account_of(endpoint) == account_of(self._services[0].url)

    def ensure_containers(self) -> None:
        """Create the containers and the queue where they are missing."""
        for create in (
            self._images.create_container,
            self._captions.create_container,
            self._retries.create_queue,
        ):
            with translated("container or queue"), suppress(ResourceExistsError):
                create()

    def ping(self) -> None:
        """Ask once, without retries, whether the images container can be reached."""
        with translated(f"container '{self._images.container_name}'"):
            self._images.get_container_properties(
                retry_total=0, connection_timeout=2, read_timeout=3
            )

    def find_image(self, name: str) -> ImageEntry:
        """Look an image up without reading it.

        Raises `ImageNotFound`, also for the marker of a directory, which is no image.
        """
        with translated(f"image '{name}'", missing=ImageNotFound):
            found = self._image(name).get_blob_properties()
        if is_directory(found.metadata):
            raise ImageNotFound(f"'{name}' is a directory, not an image.")
        return ImageEntry(
            name=name,
            etag=str(found.etag),
            size=found.size,
            metadata=dict(found.metadata or {}),
        )

    def get_image(self, name: str) -> StoredImage:
        """Read one image, never more of it than the limit on its bytes allows.

        Raises `ImageNotFound`, `ImageTooLarge`, or `StoreConflict` where the image was replaced
        while it was read.
        """
        with translated(f"image '{name}'", missing=ImageNotFound):
            # A few bytes that say they are compressed could unfold to gigabytes.
            download = self._image(name).download_blob(decompress=False)
            properties = download.properties
            if download.size > self._max_image_bytes:
                raise ImageTooLarge(
                    f"The image has {download.size:,} bytes; "
                    f"the most that is taken is {self._max_image_bytes:,}."
                )
            return StoredImage(
                name=name,
                data=download.readall(),  # every part is asked for with If-Match: one version
                etag=properties.etag,
                content_type=properties.content_settings.content_type,
                url=self.image_url(name),
                alt_text=alt_text_in(properties.metadata),
            )

    def put_image(
        self,
        name: str,
        data: bytes,
        *,
        content_type: str | None = None,
        metadata: Mapping[str, str] | None = None,
        overwrite: bool = True,
        replaces: str | None = None,
    ) -> str:
        """Write an image and give its ETag; its type is guessed from its name unless told.

        Not to `overwrite` raises `ImageExists` where there is one. `replaces` is the ETag of the
        one version that may be written over; any other raises `StoreConflict`. Raises
        `InvalidRequest` for a name that storage should not hold.
        """
        if _UNLISTABLE.search(name):
            raise InvalidRequest("An image's name may not hold control characters; rename it.")
        if name.endswith("/"):
            raise InvalidRequest("An image's name may not end with '/', as folders' do; rename it.")
        guessed = content_type or mimetypes.guess_file_type(name)[0]
        condition: dict[str, Any] = {"overwrite": overwrite}
        if replaces is not None:
            condition |= {"etag": replaces, "match_condition": MatchConditions.IfNotModified}
        try:
            with translated(f"image '{name}'"):
                written = self._creating_what_is_missing(
                    lambda: self._image(name).upload_blob(
                        data,
                        content_settings=ContentSettings(content_type=guessed),
                        metadata=dict(metadata or {}),
                        **condition,
                    )
                )
        except StoreConflict as fault:
            if overwrite:
                raise
            raise ImageExists(f"There is an image '{name}' already; give this another.") from fault
        return str(written["etag"])

    def delete_image(self, name: str) -> None:
        """Delete an image with its snapshots.

        Raises `ImageNotFound`, also for the marker of a directory, which is no image.
        """
        self.find_image(name)
        with translated(f"image '{name}'", missing=ImageNotFound):
            self._image(name).delete_blob(delete_snapshots="include")

    def list_images(self) -> Iterator[ImageEntry]:
        """List the images by name, directory markers left out."""
        with translated(f"container '{self.images_container}'"):
            yield from _images(self._images.list_blobs(include=["metadata"]))

    def page_of_images(self, token: str | None, *, size: int) -> ImagePage:
        """List the images among the next `size` blobs; `token` is the last page's `next`.

        A page may hold none and have a next one all the same. A container that is not there yet
        has none.
        """
        with translated(f"container '{self.images_container}'"):
            pages: Any = self._images.list_blobs(
                include=["metadata"], results_per_page=size
            ).by_page(continuation_token=token)
            try:
                images = tuple(_images(next(pages, ())))
            except ResourceNotFoundError:
                return ImagePage((), None)
            return ImagePage(images, pages.continuation_token or None)

    def get_record(self, name: str) -> tuple[CaptionRecord, str]:
        """Read the record of an image from its sidecar, and the sidecar's ETag.

        Raises `RecordNotFound`, or `RecordUnreadable` where the sidecar is not a record or is that
        of another image.
        """
        record, version = self._read(sidecar_name(name), name)
        if record.image.name != name:
            raise RecordUnreadable(f"The sidecar of '{name}' is of another image: delete it.")
        return record, str(version.etag)

    def read_sidecar(self, name: str) -> tuple[bytes, str]:
        """Give the sidecar of an image as it is, be it a record or not, and its ETag.

        Raises `RecordNotFound`.
        """
        with translated(f"record of '{name}'", missing=RecordNotFound):
            download = self._sidecar(name).download_blob()
            return download.readall(), str(download.properties.etag)

    def put_record(self, record: CaptionRecord, etag: str | None) -> str:
        """Write a record as its image's sidecar and give the sidecar's new ETag.

        `etag` is that of the sidecar it replaces, None where there was none. The write is told to
        the change log. Raises `StoreConflict` where the sidecar is no longer that one. Any other
        `StoreError` may come after the write: then `tell` makes up for what the log lacks, or the
        next look through all sidecars does.
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
        name = record.image.name
        with translated(f"record of '{name}'", missing=StoreConflict):
            written = self._creating_what_is_missing(
                lambda: self._sidecar(name).upload_blob(
                    to_json(record, indent=2),
                    content_settings=ContentSettings(content_type="application/json"),
                    **condition,
                )
            )
        self._log.append(
            [
                Change(
                    name=name,
                    etag=str(written["etag"]),
                    modified=written["last_modified"],
                    replaces=etag,
                    entry=entry_of(record),
                )
            ]
        )
        return str(written["etag"])

    def delete_record(self, name: str, etag: str) -> None:
        """Delete the record of an image.

        `etag` is that of its sidecar. Raises `RecordNotFound`, or `StoreConflict` where the sidecar
        is no longer that one.
        """
        sidecar = self._sidecar(name)
        with translated(f"record of '{name}'", missing=RecordNotFound):
            last = sidecar.get_blob_properties()
            sidecar.delete_blob(etag=etag, match_condition=MatchConditions.IfNotModified)
        self._log.append([Change(name=name, etag=etag, modified=last.last_modified, deleted=now())])

    def tell(self, name: str) -> None:
        """Tell the change log of an image's sidecar as it is, in case its writer could not."""
        if change := self.read_change(sidecar_name(name)):
            self._log.append([change])

    def read_change(self, sidecar: str) -> Change | None:
        """Give what the change log should say of a sidecar blob; None where there is none.

        Raises `RecordUnreadable` where it is no record, or that of an image whose sidecar would be
        called otherwise.
        """
        try:
            record, version = self._read(sidecar, sidecar.removesuffix(_SIDECAR_SUFFIX))
        except RecordNotFound:
            return None
        if sidecar_name(record.image.name) != sidecar:
            raise RecordUnreadable(f"'{sidecar}' holds the record of another image: delete it.")
        return Change(
            name=record.image.name,
            etag=str(version.etag),
            modified=version.last_modified,
            entry=entry_of(record),
        )

    def enqueue_retry(self, message: str, *, delay: timedelta) -> None:
        """Put a message on the retry queue, hidden for `delay` (at most a week)."""
        with translated(f"queue '{RETRY_QUEUE}'"):
            self._creating_what_is_missing(
                lambda: self._retries.send_message(
                    message, visibility_timeout=int(delay.total_seconds())
                )
            )

    def image_url(self, name: str) -> str:
        """Give the URL of an image, without credentials."""
        return str(self._image(name).url).partition("?")[0]

    def _read(self, sidecar: str, name: str) -> tuple[CaptionRecord, BlobProperties]:
        with translated(f"record of '{name}'", missing=RecordNotFound):
            download = self._captions.get_blob_client(sidecar).download_blob()
            data = download.readall()
        try:
            return from_json(data), download.properties
        except msgspec.DecodeError as fault:
            raise RecordUnreadable(
                f"The sidecar of '{name}' is not a caption record ({fault}): mend or delete it."
            ) from fault

    def _image(self, name: str) -> BlobClient:
        return self._images.get_blob_client(_legal(name))

    def _sidecar(self, name: str) -> BlobClient:
        return self._captions.get_blob_client(sidecar_name(name))

    def _creating_what_is_missing[Result](self, write: Callable[[], Result]) -> Result:
        try:
            return write()
        except ResourceNotFoundError:
            self.ensure_containers()
            return write()


def _images(blobs: Iterable[BlobProperties]) -> Iterator[ImageEntry]:
    for blob in blobs:
        if not is_directory(blob.metadata):
            # A listing gives ETags without the quotes that headers have.
            yield ImageEntry(name=blob.name, etag=f'"{blob.etag}"', size=blob.size)


def sidecar_name(image_name: str) -> str:
    """Give the name of the sidecar blob of an image.

    A name too long for the suffix is cut and told apart by its SHA-256; only such a sidecar has a
    name as long as a name may be, so that no other image can be named after it. Raises
    `InvalidRequest` for a name that no image can have.
    """
    name = _legal(image_name) + _SIDECAR_SUFFIX
    if len(name) < _LONGEST_BLOB_NAME:
        return name
    ending = f"~{hashlib.sha256(image_name.encode()).hexdigest()}{_SIDECAR_SUFFIX}"
    return image_name[: _LONGEST_BLOB_NAME - len(ending)] + ending


def _legal(name: str) -> str:
    """Give the name back; a `..` in it would reach into another container."""
    if not 0 < len(name) <= _LONGEST_BLOB_NAME:
        raise InvalidRequest(f"An image's name has 1 to {_LONGEST_BLOB_NAME:,} characters.")
    if _NO_TEXT.search(name):
        raise InvalidRequest("An image's name must be text in UTF-8; rename it.")
    if "\\" in name:
        raise InvalidRequest("An image's name may not hold '\\': storage would make it '/'.")
    if any(segment in {".", ".."} for segment in name.split("/")):
        raise InvalidRequest("An image's name may not have '.' or '..' between slashes.")
    if _SIGNATURE.search(unquote(unquote(name))):
        # Not told again, nor sent on: it opens something that is not ours.
        raise InvalidRequest("An image's name may not hold a signature; give its name alone.")
    return name


def is_directory(metadata: dict[str, str] | None) -> bool:
    """Tell the empty blob that stands for a directory in a hierarchical namespace."""
    return any(
        key.lower() == "hdi_isfolder" and value.lower() == "true"
        for key, value in (metadata or {}).items()
    )
