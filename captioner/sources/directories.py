"""A container of Azure Storage, or a directory in one, that somebody opens to us by a SAS URI."""

import mimetypes
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import msgspec
from azure.core import MatchConditions
from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
    ServiceRequestTimeoutError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline.transport import HttpTransport
from azure.storage.blob import BlobProperties, ContainerClient, ContentSettings, ExponentialRetry
from requests.exceptions import SSLError

from captioner.errors import (
    CaptionerError,
    DownloadFailed,
    DownloadTooLarge,
    DownloadTooSlow,
    InvalidUrl,
    NothingThere,
    RecordNotFound,
    RecordUnreadable,
    SasRefused,
    SasTooNarrow,
    StoreConflict,
    TlsFailed,
)
from captioner.records import CaptionRecord, ImageFacts, from_json, to_json
from captioner.sources.downloads import PASSING_STATUS, Download
from captioner.sources.guard import Deadline
from captioner.sources.policy import Policy
from captioner.sources.sas import Sas
from captioner.sources.urls import Url
from captioner.store import ImageEntry, alt_text_in, is_directory, sidecar_name

RETRIES = 2
LARGEST_PAGE = 5000  # the service's own limit

_PART = 4 * 2**20
_CONTAINER = re.compile(r"\$?[a-z0-9-]{3,63}")
# https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes
_LACKS_PERMISSION = frozenset(
    {
        "AuthorizationPermissionMismatch",
        "AuthorizationResourceTypeMismatch",
        "AuthorizationServiceMismatch",
        "UnauthorizedBlobOverwrite",
    }
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a directory is and what opens it; it reads a SAS URI and asks nobody.

    `account` is the account's URL and `prefix` begins the names of all blobs in the directory: it
    is empty for a whole container, else it ends with a slash. `repr` holds no secret.
    """

    account: str
    container: str
    prefix: str
    sas: Sas

    @classmethod
    def of(cls, uri: str, policy: Policy) -> "Place":
        """Read the URI of a container or of a directory with a SAS that may read and list.

        Raises `UrlError` or `SasError`.
        """
        url = Url.parse(uri)
        policy.check_storage(url)
        policy.check_url(url)
        path = unquote(url.path).strip("/").split("/")
        account = f"{url.origin}/{path.pop(0)}" if policy.is_emulator(url) else url.origin
        container = path.pop(0) if path else ""
        if not _CONTAINER.fullmatch(container):
            raise InvalidUrl("The URI names no container; put one's name behind the host.")
        sas = Sas.of(url.query)
        sas.require("r", "l")
        return cls(account, container, "".join(f"{each}/" for each in path), sas)


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a directory's images; `next` asks for those after them, None where there are none."""

    images: tuple[ImageEntry, ...]
    next: str | None


class Directory:
    """Lists and reads a directory's images, and keeps records beside them.

    Names are those of blobs in the container, with the directory's own name in front. Every method
    raises `SasError`, `UrlError` or `DownloadError`, besides what it names itself.
    """

    def __init__(
        self, place: Place, transport: HttpTransport[Any, Any], *, max_bytes: int, timeout_s: float
    ) -> None:
        self.place = place
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._blobs = ContainerClient(
            place.account,
            place.container,
            credential=AzureSasCredential(place.sas.query),
            transport=transport,
            permit_redirects=False,
            retry_policy=ExponentialRetry(
                initial_backoff=1, increment_base=2, retry_total=RETRIES, random_jitter_range=1
            ),
            max_single_get_size=_PART,
            max_chunk_get_size=_PART,
        )

    @property
    def url(self) -> str:
        """The directory's URL without the signature."""
        return f"{self.place.account}/{self.place.container}/{self.place.prefix}"

    @property
    def may_write(self) -> bool:
        """Tell whether the SAS lets records be written here that were not there before."""
        return self.place.sas.permits("c") or self.place.sas.permits("w")

    def page(self, token: str | None = None, *, size: int = LARGEST_PAGE) -> Page:
        """List the images among the next `size` blobs, by name; `token` is the last page's `next`.

        An image is what is called like one, or was uploaded as one: a page may hold none and have
        a next one all the same.
        """
        self.place.sas.require("l")
        with self._told(f"container '{self.place.container}'"):
            listing: Any = self._blobs.list_blobs(
                name_starts_with=self.place.prefix or None,
                include=["metadata"],
                results_per_page=size,
            ).by_page(continuation_token=token)
            blobs = list(next(listing, ()))
            return Page(
                # A listing gives ETags without the quotes that headers have.
                tuple(
                    ImageEntry(blob.name, f'"{blob.etag}"', blob.size)
                    for blob in blobs
                    if _is_image(blob)
                ),
                listing.continuation_token or None,
            )

    def fetch(self, name: str) -> Download:
        """Read one image within the limits of bytes and time; it is one version of it."""
        self.place.sas.require("r")
        deadline = Deadline(self._timeout_s)
        blob = self._blobs.get_blob_client(name)
        with self._told(f"image '{name}'"):
            # A few bytes that say they are compressed could unfold to gigabytes.
            download = blob.download_blob(decompress=False)
            if download.size > self._max_bytes:
                raise DownloadTooLarge(
                    f"The image has {download.size:,} bytes; "
                    f"the most that is taken is {self._max_bytes:,}."
                )
            data = bytearray()
            for part in download.chunks():
                data += part
                deadline.left()
        found = download.properties
        return Download(
            self._facts(name, found.etag), bytes(data), alt_text=alt_text_in(found.metadata)
        )

    def find(self, name: str) -> ImageEntry:
        """Look one image up without reading it."""
        self.place.sas.require("r")
        with self._told(f"image '{name}'"):
            found = self._blobs.get_blob_client(name).get_blob_properties()
        return ImageEntry(name, str(found.etag), found.size)

    def facts_of(self, image: ImageEntry) -> ImageFacts:
        """Give what is known of an image before it is fetched."""
        return msgspec.structs.replace(self._facts(image.name, image.etag), bytes=image.size)

    def _facts(self, name: str, etag: str) -> ImageFacts:
        url = self._blobs.get_blob_client(name).url
        return ImageFacts(
            name=name, container=self.place.container, url=url.partition("?")[0], etag=etag
        )

    def get_record(self, name: str) -> tuple[CaptionRecord, str]:
        """Read the record that lies beside an image, and its ETag.

        Raises `RecordNotFound`, or `RecordUnreadable` where something else has its name.
        """
        self.place.sas.require("r")
        blob = self._blobs.get_blob_client(sidecar_name(name))
        with self._told(f"record of '{name}'", missing=RecordNotFound):
            download = blob.download_blob(decompress=False)
            data = download.readall() if download.size <= self._max_bytes else b""
        try:
            return from_json(data), str(download.properties.etag)
        except msgspec.DecodeError as fault:
            raise RecordUnreadable(
                f"Beside '{name}' lies a JSON file that is not a caption record; rename it."
            ) from fault

    def put_record(self, record: CaptionRecord, etag: str | None) -> str:
        """Write a record beside its image as `<name>.json`, and give its new ETag.

        `etag` is that of the record it replaces, None where there was none. Raises
        `StoreConflict` where what lies there is not that one.
        """
        self.place.sas.require(*(() if etag is None and self.place.sas.permits("c") else "w"))
        condition: dict[str, Any] = (
            {}
            if etag is None
            else {"overwrite": True, "etag": etag, "match_condition": MatchConditions.IfNotModified}
        )
        name = record.image.name
        with self._told(f"record of '{name}'", missing=StoreConflict):
            written = self._blobs.get_blob_client(sidecar_name(name)).upload_blob(
                to_json(record, indent=2),
                content_settings=ContentSettings(content_type="application/json"),
                **condition,
            )
            return str(written["etag"])

    @contextmanager
    def _told(self, what: str, *, missing: type[CaptionerError] = NothingThere) -> Iterator[None]:
        """Turn what the SDK raises about `what` into errors of ours.

        Not chained: it may quote the URL with its signature.
        """
        try:
            yield
        except ResourceNotFoundError:
            raise missing(f"There is no {what} in this storage account.") from None
        except (ResourceModifiedError, ResourceExistsError):
            raise StoreConflict(f"The {what} was written by somebody else meanwhile.") from None
        except HttpResponseError as fault:
            raise self._refused(what, fault) from None
        except AzureError as fault:
            raise self._unreached(fault) from None

    def _refused(self, what: str, fault: HttpResponseError) -> CaptionerError:
        self.place.sas.require()  # it may have expired on the way
        if fault.status_code is None or fault.status_code in PASSING_STATUS:
            return DownloadFailed("The storage account is busy or broke off; try again later.")
        code = getattr(fault, "error_code", None)
        if code in _LACKS_PERMISSION:
            return SasTooNarrow(
                f"The shared access signature does not allow this for the {what}; make one with "
                "the permissions read and list, and write where records are to be saved."
            )
        return SasRefused(
            f"The storage account refused the {what} (status {fault.status_code}); check the "
            "shared access signature and the account's network rules."
        )

    def _unreached(self, fault: AzureError) -> CaptionerError:
        host = Url.parse(self.place.account).host
        if isinstance(fault.inner_exception, SSLError):
            return TlsFailed(f"No safe connection to '{host}' comes about; check the URI.")
        if isinstance(fault, ServiceRequestTimeoutError | ServiceResponseTimeoutError):
            return DownloadTooSlow(f"'{host}' keeps silent for too long; try again later.")
        return DownloadFailed(f"'{host}' does not answer, or broke off; try again later.")


def _is_image(blob: BlobProperties) -> bool:
    guessed = mimetypes.guess_file_type(blob.name)[0] or blob.content_settings.content_type or ""
    return guessed.startswith("image/") and not is_directory(blob.metadata)
