"""Events as Event Grid sends them to the webhook of blob triggers, in both of its schemas.

Shapes as learn.microsoft.com/azure/event-grid/event-schema-blob-storage tells.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

TIMEOUT_S = 30
WEBHOOK = "/runtime/webhooks/blobs"
CREATED = "Microsoft.Storage.BlobCreated"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription to one function of a host; `key` is the system key of the blobs extension."""

    host: str
    function: str | None = "Host.Functions.image_landed"
    key: str | None = None

    def post(self, body: Any, kind: str | None = "Notification") -> requests.Response:
        headers = {"aeg-event-type": kind} if kind else {}
        return self.send("POST", json=body, headers=headers)

    def send(self, method: str, **options: Any) -> requests.Response:
        query = {"functionName": self.function, "code": self.key}
        return requests.request(
            method, f"{self.host}{WEBHOOK}", params=query, timeout=TIMEOUT_S, **options
        )

    def tell(self, *events: dict[str, Any]) -> None:
        """Post events, and make sure that they were taken."""
        assert self.post(list(events)).status_code == 202


def event(url: str, etag: str = '"0x1"', **data: Any) -> dict[str, Any]:
    """Give an event of a blob in Event Grid's schema; `data` goes over what is usual."""
    return {
        "topic": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a",
        "subject": _subject(url),
        "eventType": CREATED,
        "id": str(uuid.uuid4()),
        "eventTime": "2026-11-30T10:00:00.0000000Z",
        "data": {**_data(url, etag), **data},
        "dataVersion": "",
        "metadataVersion": "1",
    }


def cloud_event(url: str, etag: str = '"0x1"') -> dict[str, Any]:
    """Give an event of a blob in the schema of CloudEvents 1.0."""
    return {
        "source": "/subscriptions/0/resourceGroups/g/providers/Microsoft.Storage/a",
        "subject": _subject(url),
        "type": CREATED,
        "id": str(uuid.uuid4()),
        "time": "2026-11-30T10:00:00.0000000Z",
        "specversion": "1.0",
        "data": _data(url, etag),
    }


def validation(code: str) -> Sequence[dict[str, Any]]:
    """Give what opens a subscription in Event Grid's schema."""
    return [
        {
            "id": str(uuid.uuid4()),
            "topic": "/subscriptions/0",
            "subject": "",
            "data": {"validationCode": code, "validationUrl": "https://example.org/validate"},
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "eventTime": "2026-11-30T10:00:00.0000000Z",
            "metadataVersion": "1",
            "dataVersion": "2",
        }
    ]


def _subject(url: str) -> str:
    container, _, name = urlsplit(url).path.lstrip("/").partition("/")
    return f"/blobServices/default/containers/{container}/blobs/{name}"


def _data(url: str, etag: str) -> dict[str, Any]:
    return {
        "api": "PutBlob",
        "clientRequestId": str(uuid.uuid4()),
        "requestId": str(uuid.uuid4()),
        "eTag": etag.strip('"'),
        "contentType": "image/jpeg",
        "contentLength": 1000,
        "blobType": "BlockBlob",
        "url": url,
        "sequencer": "00000000000000000000000000000000000000000000000a",
        "storageDiagnostics": {"batchId": str(uuid.uuid4())},
    }
