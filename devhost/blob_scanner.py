"""Finding new blobs: a scan of the container every few seconds, and receipts of what was queued.

A receipt `blobreceipts/{hostId}/{functionId}/{eTag}/{container}/{blob}` in `azure-webjobs-hosts`
says that a notice of this version of a blob has been queued once, as the real host's does.
"""

import logging

from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobProperties, BlobType

from devhost.functions import Function
from devhost.notices import Notice, NoticeQueue, unquoted
from devhost.paths import BlobPattern
from devhost.storage import HOSTS_CONTAINER, Account, Backoff, keep_trying, missing_is_fine

_log = logging.getLogger(__name__)


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
        what = f"Scanning container '{self._pattern.container}'"
        await keep_trying(self._account, what, self._scan, self._pause)

    async def finish(self, limit_s: float) -> None:
        """A scan that is cut short is done again from its beginning."""

    async def _scan(self) -> bool:
        present: set[str] = set()
        async with missing_is_fine("ContainerNotFound", "ContainerBeingDeleted"):
            async for blob in self._container.list_blobs():
                present.add(blob.name)
                await self._look_at(blob)
        self._seen = {name: etag for name, etag in self._seen.items() if name in present}
        return False

    async def _look_at(self, blob: BlobProperties) -> None:
        etag = unquoted(blob.etag)
        if self._seen.get(blob.name) == etag:
            return
        container = self._pattern.container
        matches = self._pattern.captures(blob.name) is not None and _has_a_path(blob.name)
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


def _has_a_path(name: str) -> bool:
    """Tell whether a blob can be asked for: HTTP clients resolve dots in a path before they ask.

    An emulator may hold such a name, and one must not stop the scan of all others.
    """
    if {".", ".."}.isdisjoint(name.split("/")):
        return True
    _log.warning("Blob '%s' is passed over: its name cannot be the path of a URL.", name)
    return False
