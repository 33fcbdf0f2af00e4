"""Blob triggers: calling functions for the notices in the internal queue.

Follows Microsoft.Azure.WebJobs.Extensions.Storage.Blobs: a notice of a blob that is gone is
dropped, so is one of a version since replaced (the scan queues the new version), and one that keeps
failing ends in `webjobs-blobtrigger-poison`.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from azure.storage.blob import BlobProperties, BlobType

from devhost.bindings import as_typed, blob_reference
from devhost.blob_scanner import BlobScanner
from devhost.executor import Executor, Occasion
from devhost.functions import Function
from devhost.host_json import Blobs
from devhost.notices import Notice, NoticeQueue, unquoted
from devhost.paths import BlobPattern
from devhost.protos import TypedData
from devhost.queues import QueueListener, Received
from devhost.storage import Account, missing_is_fine

_log = logging.getLogger(__name__)

_POISON_QUEUE = "webjobs-blobtrigger-poison"


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
    options: Blobs,
    *,
    longest_poll_s: float,
    lease_s: float,
) -> QueueListener:
    """Listen to the internal queue; `triggers` are found by each name of their function."""

    async def handle(received: Received) -> bool:
        try:
            notice = msgspec.json.decode(received.body, type=Notice)
        except msgspec.DecodeError:
            _log.warning("A message of queue '%s' is not a notice: dropped.", notices.name)
            return True
        if notice.function_id is None:
            _log.error("An event of '%s' names no function, as ?functionName= should.", notice.path)
            return False  # as the real host, which has a fault there
        trigger = triggers.get(notice.function_id)
        if trigger is None:
            _log.info("'%s' is for '%s', which is not here.", notice.path, notice.function_id)
            return True
        return await _call(trigger, notice, executor)

    return QueueListener(
        notices.account,
        notices.name,
        handle,
        poison_name=_POISON_QUEUE,
        options=options.queue,
        longest_poll_s=longest_poll_s,
        lease_s=lease_s,
        writer=notices.writer,
    )


async def _call(trigger: BlobTrigger, notice: Notice, executor: Executor) -> bool:
    properties = await _find(trigger.account, notice)
    if properties is None:
        _log.info("'%s' is gone: '%s' is not called.", notice.path, notice.function_id)
        return True
    if trigger.scanner and unquoted(properties.etag) != unquoted(notice.e_tag):
        _log.info("'%s' has been replaced: it is queued anew.", notice.path)
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
    url = trigger.account.blobs.get_blob_client(notice.container_name, notice.blob_name).url
    occasion = _occasion(trigger, notice, value, url, properties)
    return (await executor.call(trigger.function, occasion)).error is None


async def _find(account: Account, notice: Notice) -> BlobProperties | None:
    """Look a blob up; an event may name one that is gone, or a container instead of a blob."""
    if not (notice.container_name and notice.blob_name):
        return None
    blob = account.blobs.get_blob_client(notice.container_name, notice.blob_name)
    async with missing_is_fine("BlobNotFound", "ContainerNotFound", "ResourceNotFound"):
        return await blob.get_blob_properties()
    return None


def _occasion(
    trigger: BlobTrigger, notice: Notice, value: TypedData, url: str, properties: BlobProperties
) -> Occasion:
    captures = {}
    if notice.container_name == trigger.pattern.container:
        captures = trigger.pattern.captures(notice.blob_name) or {}
    told = _properties(properties)
    metadata = dict(properties.metadata or {})
    return Occasion(
        value=value,
        reason=f"New blob detected: {notice.path}",
        metadata={
            "BlobTrigger": TypedData(string=notice.path),
            "Uri": TypedData(json=json.dumps(url)),
            "Properties": TypedData(json=json.dumps(told)),
            "Metadata": TypedData(json=json.dumps(metadata)),
            **{name: TypedData(string=text) for name, text in captures.items()},
        },
        data={
            "BlobTrigger": notice.path,
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


def _moment(when: datetime | None) -> str | None:
    return when.isoformat() if when else None
