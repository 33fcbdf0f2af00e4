"""The storage account: how to reach it, and its faults told as `StoreError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from azure.storage.blob import BlobServiceClient, ExponentialRetry
from azure.storage.queue import QueueServiceClient

from captioner.errors import StoreConflict, StoreError, StoreRefused, StoreUnavailable
from captioner.settings import StorageConnection

_PART = 8 * 2**20  # bytes asked for at once, so that an image over the limit is never read whole
_PARTS: dict[str, Any] = {"max_single_get_size": _PART, "max_chunk_get_size": _PART}
_PASSING_STATUS = frozenset({408, 429, 500, 502, 503, 504})


def open_account(connection: StorageConnection) -> tuple[BlobServiceClient, QueueServiceClient]:
    """Prepare the clients of an account; nothing is sent yet.

    Raises `StoreRefused` where the connection string is malformed.
    """
    options, parts = _options(), _PARTS
    if connection.connection_string is None:
        options["credential"] = _credential(connection)
        return (
            BlobServiceClient(connection.blob_endpoint or "", **options, **parts),
            QueueServiceClient(connection.queue_endpoint or "", **options),
        )
    try:
        return (
            BlobServiceClient.from_connection_string(
                connection.connection_string, **options, **parts
            ),
            QueueServiceClient.from_connection_string(connection.connection_string, **options),
        )
    except ValueError:
        # Not chained: the SDK may quote the connection string.
        raise StoreRefused(
            "The storage connection string is malformed: copy it from the portal, or use "
            "UseDevelopmentStorage=true for Azurite."
        ) from None


def open_blobs(connection: StorageConnection, endpoint: str, sas: str | None) -> BlobServiceClient:
    """Prepare a client of another account's blobs, by a shared access signature or as the app."""
    credential = sas or _credential(connection)
    return BlobServiceClient(endpoint, credential=credential, **_options(), **_PARTS)


def account_of(endpoint: str) -> str:
    """Name the account of a blob endpoint, by whichever of its names the endpoint calls it.

    An emulator has the account's name in the path, Azure in the host, with a suffix for the copy
    in another region.
    """
    last = endpoint.partition("?")[0].rstrip("/").rpartition("/")[2]
    return last.partition(".")[0].removesuffix("-secondary").lower()


def _options() -> dict[str, Any]:
    return {
        "connection_timeout": 5,
        "read_timeout": 10,  # without a byte: a connection may be dead and never say so
        # At most half a minute in all: the host tries again later, and somebody may be waiting.
        "retry_policy": ExponentialRetry(
            initial_backoff=1, increment_base=2, retry_total=2, random_jitter_range=1
        ),
    }


def _credential(connection: StorageConnection) -> TokenCredential:
    # Costs 0.2 s to import, and a connection string needs none of it.
    from azure.identity import DefaultAzureCredential, ManagedIdentityCredential  # noqa: PLC0415

    if connection.managed_identity:
        return ManagedIdentityCredential(client_id=connection.client_id)
    return DefaultAzureCredential()


@contextmanager
def translated(what: str, *, missing: type[StoreError] = StoreRefused) -> Iterator[None]:
    """Turn whatever the SDK raises about `what` into a `StoreError`."""
    try:
        yield
    except ResourceNotFoundError as fault:
        raise missing(f"There is no {what} in the storage account.") from fault
    except (ResourceModifiedError, ResourceExistsError) as fault:
        raise StoreConflict(f"The {what} was written by somebody else meanwhile.") from fault
    except HttpResponseError as fault:
        if fault.status_code in _PASSING_STATUS:
            raise StoreUnavailable(
                f"The storage account is busy ({fault.status_code}); try again later."
            ) from fault
        reason = f"status {fault.status_code}" if fault.status_code else "no credentials"
        raise StoreRefused(
            f"The storage account refused the {what} ({reason}); check the app's access to it."
        ) from fault
    except AzureError as fault:
        raise StoreUnavailable(
            "The storage account cannot be reached; see that it runs, then try again."
        ) from fault
