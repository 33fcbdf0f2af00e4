"""Event Grid's part in a local run: tells the host of new blobs, as no emulator does.

Works with any host that has the webhook of blob triggers: the development host and Core Tools.
"""

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import batched
from typing import Any
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobProperties, BlobType, ContainerClient

FUNCTION = "Host.Functions.image_landed"

_AT_ONCE = 50  # events in one request; the service sends a single one unless told otherwise
_TIMEOUT_S = 30


class EventGrid:
    """Tells one host of the blobs in one container.

    What is there at the start is told too: the real service keeps events that nobody takes for a
    day. Whatever is told twice is captioned once.
    """

    def __init__(self, container: ContainerClient, host: str) -> None:
        self._container = container
        self._webhook = f"{host}/runtime/webhooks/blobs?functionName={FUNCTION}"
        self._told: dict[str, str] = {}

    def look(self) -> None:
        """Tell of what is new since the last look; what cannot be told is told at the next."""
        try:
            present = {blob.name: blob for blob in self._container.list_blobs()}
        except AzureError:
            return
        self._told = {name: etag for name, etag in self._told.items() if name in present}
        fresh = [blob for name, blob in present.items() if self._told.get(name) != blob.etag]
        for some in batched(fresh, _AT_ONCE, strict=False):
            if not self._post([self._event(blob) for blob in some]):
                return
            self._told |= {blob.name: blob.etag for blob in some}

    def _post(self, events: Sequence[dict[str, Any]]) -> bool:
        request = urllib.request.Request(  # noqa: S310 - of our own host
            self._webhook,
            json.dumps(events).encode(),
            {"Content-Type": "application/json", "aeg-event-type": "Notification"},
        )
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S):  # noqa: S310
                return True
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False

    def _event(self, blob: BlobProperties) -> dict[str, Any]:
        container = str(self._container.container_name)
        url = self._container.get_blob_client(blob.name).url.partition("?")[0]
        return {
            "topic": f"/local/{urlsplit(url).netloc}",
            "subject": f"/blobServices/default/containers/{container}/blobs/{blob.name}",
            "eventType": "Microsoft.Storage.BlobCreated",
            "eventTime": datetime.now(UTC).isoformat(),
            "id": str(uuid.uuid4()),
            "data": {
                "api": "PutBlob",
                "eTag": blob.etag,
                "contentType": blob.content_settings.content_type,
                "contentLength": blob.size,
                "blobType": BlobType(blob.blob_type).value,
                "url": url,
            },
            "dataVersion": "",
            "metadataVersion": "1",
        }
