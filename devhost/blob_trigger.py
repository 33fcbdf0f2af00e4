"""Blob triggers: finding new blobs, and calling functions for what the internal queue holds.

Follows Microsoft.Azure.WebJobs.Extensions.Storage.Blobs: a scan (or Event Grid) puts a notice into
the queue `azure-webjobs-blobtrigger-{hostId}`, and a listener of that queue calls the function. A
receipt in `azure-webjobs-hosts` says that a notice for this version of a blob was queued once.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobProperties, BlobType
from msgspec import Struct

from devhost.bindings import as_typed, blob_reference
from devhost.executor import Executor, Occasion
from devhost.functions import Function
from devhost.host_json import HostJson
from devhost.paths import BlobPattern
from devhost.protos import TypedData
from devhost.queues import QueueLimits, QueueListener, QueueWriter, Received
from devhost.storage import Account, Backoff, keep_trying, missing_is_fine

_log = logging.getLogger(__name__)

HOSTS_CONTAINER = "azure-webjobs-hosts"
_POISON_QUEUE = "webjobs-blobtrigger-poison"


class Notice(Struct, frozen=True, rename="pascal"):
    """A message of the internal queue: this version of this blob is for that function."""

    function_id: str
    container_name: str
    blob_name: str
    e_tag: str
    blob_type: str = "BlockBlob"
    type: str = "BlobTrigger"


class NoticeQueue:
    """The internal queue, in the host's own storage account."""

    def __init__(self, account: Account, host_id: str, writer: QueueWriter) -> None:
        self.account = account
        self.name = f"azure-webjobs-blobtrigger-{host_id}"
        self.writer = writer

    async def add(self, notice: Notice) -> None:
        await self.writer.add(self.account, self.name, msgspec.json.encode(notice))


class Receipts:
    """Which versions of blobs have been queued for one function."""

    def __init__(self, account: Account, host_id: str, function: Function) -> None:
        self._account = account
        self._prefix = f"blobreceipts/{host_id}/{function.full_name}/"
        self._known: set[str] | None = None

    async def has(self, container: str, name: str, etag: str) -> bool:
        if self._known is None:
            self._known = await self._load()
        return f"{etag}/{container}/{name}" in self._known

    async def add(self, container: str, name: str, etag: str) -> None:
        path = f"{etag}/{container}/{name}"
        await self._account.put_blob(HOSTS_CONTAINER, self._prefix + path, b"")
        if self._known is not None:
            self._known.add(path)

    async def _load(self) -> set[str]:
        """List them once: asking for each blob of a large container would take its time."""
        container = self._account.blobs.get_container_client(HOSTS_CONTAINER)
        found: set[str] = set()
        async with missing_is_fine("ContainerNotFound"):
            async for name in container.list_blob_names(name_starts_with=self._prefix):
                found.add(name.removeprefix(self._prefix))
        return found


class BlobScanner:
    """Looks through a container every few seconds and queues what is new."""

    def __init__(
        self,
        function: Function,
        pattern: BlobPattern,
        account: Account,
        receipts: Receipts,
        notices: NoticeQueue,
        *,
        interval_s: float,
    ) -> None:
        self._function = function
        self._pattern = pattern
        self._account = account
        self._container = account.blobs.get_container_client(pattern.container)
        self._receipts = receipts
        self._notices = notices
        self._pause = Backoff(interval_s, interval_s)
        self._seen: dict[str, str] = {}

    def wake(self) -> None:
        """Look again at once."""
        self._pause.wake()

    async def run(self) -> None:
        await keep_trying(
            self._account, f"Scanning container '{self._pattern.container}'", self._scan
        )

    async def finish(self, limit_s: float) -> None:
        """A scan that is cut short is done again from its beginning."""

    async def _scan(self) -> None:
        present: set[str] = set()
        async with missing_is_fine("ContainerNotFound", "ContainerBeingDeleted"):
            async for blob in self._container.list_blobs():
                present.add(blob.name)
                await self._look_at(blob)
        self._seen = {name: etag for name, etag in self._seen.items() if name in present}
        await self._pause.pause()

    async def _look_at(self, blob: BlobProperties) -> None:
        etag = unquoted(blob.etag)
        if self._seen.get(blob.name) == etag:
            return
        container = self._pattern.container
        matches = self._pattern.captures(blob.name) is not None
        if matches and not await self._receipts.has(container, blob.name, etag):
            await self._notices.add(
                Notice(
                    function_id=self._function.full_name,
                    container_name=container,
                    blob_name=blob.name,
                    e_tag=etag,
                    blob_type=BlobType(blob.blob_type).value,
                )
            )
            # Killed before the receipt is written, the blob is queued again: rather twice than not.
            await self._write_receipt(blob.name, etag)
        self._seen[blob.name] = etag

    async def _write_receipt(self, name: str, etag: str) -> None:
        try:
            await self._receipts.add(self._pattern.container, name, etag)
        except HttpResponseError as error:
            if error.status_code != 400:
                raise
            _log.warning(
                "Blob '%s' has no receipt, because with one its name is longer than a name may "
                "be: it is queued again whenever the host starts.",
                name,
            )


@dataclass(frozen=True, slots=True)
class BlobTrigger:
    """One function with a blob trigger; `scanner` is None where Event Grid tells of new blobs."""

    function: Function
    pattern: BlobPattern
    account: Account
    scanner: BlobScanner | None


def blob_listener(
    triggers: Mapping[str, BlobTrigger],
    notices: NoticeQueue,
    executor: Executor,
    host_json: HostJson,
    *,
    longest_poll_s: float,
    lease_s: float,
) -> QueueListener:
    """Listen to the internal queue; `triggers` are found by their function's full name."""

    async def handle(received: Received) -> bool:
        try:
            notice = msgspec.json.decode(received.body, type=Notice)
        except msgspec.DecodeError:
            _log.warning("A message of queue '%s' is not a notice: dropped.", notices.name)
            return True
        trigger = triggers.get(notice.function_id)
        if trigger is None:
            _log.info("Blob '%s' is for '%s', which is not here.", *_names(notice))
            return True
        return await _call(trigger, notice, executor)

    most = host_json.extensions.blobs.max_degree_of_parallelism
    limits = QueueLimits(
        batch=(most + 1) // 2,
        refill_below=most - (most + 1) // 2,
        max_dequeue_count=host_json.extensions.blobs.poison_blob_threshold,
        longest_poll_s=longest_poll_s,
        lease_s=lease_s,
    )
    return QueueListener(
        notices.account,
        notices.name,
        handle,
        poison_name=_POISON_QUEUE,
        limits=limits,
        options=host_json.extensions.queues,
        writer=notices.writer,
    )


async def _call(trigger: BlobTrigger, notice: Notice, executor: Executor) -> bool:
    blob = trigger.account.blobs.get_blob_client(notice.container_name, notice.blob_name)
    properties: BlobProperties | None = None
    async with missing_is_fine("BlobNotFound", "ContainerNotFound", "ResourceNotFound"):
        properties = await blob.get_blob_properties()
    if properties is None:
        _log.info("Blob '%s' for '%s' is gone: nothing to do.", *_names(notice))
        return True
    if trigger.scanner and unquoted(properties.etag) != unquoted(notice.e_tag):
        _log.info("Blob '%s' for '%s' has been replaced: it is queued anew.", *_names(notice))
        trigger.scanner.wake()
        return True
    binding = trigger.function.trigger
    if binding.is_deferred:
        value = blob_reference(binding.connection, notice.container_name, notice.blob_name)
    else:
        content = await trigger.account.get_blob(notice.container_name, notice.blob_name)
        if content is None:
            return True
        value = as_typed(content, binding)
    occasion = _occasion(trigger, notice, value, blob.url, properties)
    return (await executor.call(trigger.function, occasion)).error is None


def _occasion(
    trigger: BlobTrigger, notice: Notice, value: TypedData, url: str, properties: BlobProperties
) -> Occasion:
    path = f"{notice.container_name}/{notice.blob_name}"
    captures = {}
    if notice.container_name == trigger.pattern.container:
        captures = trigger.pattern.captures(notice.blob_name) or {}
    told = _properties(properties)
    metadata = dict(properties.metadata or {})
    return Occasion(
        value=value,
        reason=f"New blob detected: {path}",
        metadata={
            "BlobTrigger": TypedData(string=path),
            "Uri": TypedData(json=json.dumps(url)),
            "Properties": TypedData(json=json.dumps(told)),
            "Metadata": TypedData(json=json.dumps(metadata)),
            **{name: TypedData(string=text) for name, text in captures.items()},
        },
        data={
            "BlobTrigger": path,
            "Uri": url,
            "Properties": told,
            "Metadata": metadata,
            **captures,
        },
    )


def _properties(blob: BlobProperties) -> dict[str, Any]:
    """Tell a blob's properties with the names that .NET gives them."""
    settings = blob.content_settings
    return {
        "LastModified": _moment(blob.last_modified),
        "CreatedOn": _moment(blob.creation_time),
        "ContentLength": blob.size,
        "ContentType": settings.content_type,
        "ContentEncoding": settings.content_encoding,
        "ContentLanguage": settings.content_language,
        "ContentDisposition": settings.content_disposition,
        "CacheControl": settings.cache_control,
        "ETag": unquoted(blob.etag),
        "BlobType": BlobType(blob.blob_type).value.removesuffix("Blob"),
        "AccessTier": blob.blob_tier,
    }


def unquoted(etag: str | None) -> str:
    """Give an ETag as listings have it; headers put it in quotes."""
    return (etag or "").strip('"')


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _names(notice: Notice) -> tuple[str, str]:
    return quote(f"{notice.container_name}/{notice.blob_name}", safe="/ "), notice.function_id
