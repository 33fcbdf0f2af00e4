"""Notices of new blobs: what a scan or Event Grid puts into the host's internal queue."""

import msgspec
from msgspec import Struct

from devhost.queues import QueueWriter
from devhost.storage import Account


class Notice(Struct, frozen=True, rename="pascal"):
    """One version of one blob is for one function; the JSON is the real host's.

    `function_id` is None where an event came for no function.
    """

    function_id: str | None
    container_name: str
    blob_name: str
    e_tag: str
    blob_type: str = "BlockBlob"
    type: str = "BlobTrigger"

    @property
    def path(self) -> str:
        return f"{self.container_name}/{self.blob_name}"


class NoticeQueue:
    """The internal queue, in the host's own storage account."""

    def __init__(self, account: Account, host_id: str, writer: QueueWriter) -> None:
        self.account = account
        self.name = f"azure-webjobs-blobtrigger-{host_id}"
        self.writer = writer

    async def add(self, notice: Notice) -> None:
        await self.writer.add(self.account, self.name, msgspec.json.encode(notice), "base64")


def unquoted(etag: str | None) -> str:
    """Give an ETag as listings have it; headers put it in quotes."""
    return (etag or "").strip('"')
