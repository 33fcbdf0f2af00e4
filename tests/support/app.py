"""The app under the devhost as its users see it: images go in, sidecars come out.

Tests of one process share a storage account, so each app has containers of its own.
"""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from captioner.errors import RecordNotFound
from captioner.records import CaptionRecord
from captioner.settings import StorageConnection, load_settings
from captioner.store import ImageStore
from tests.support.azurite import Azurite
from tests.support.host import REPOSITORY, DevHost
from tests.support.waiting import wait_for


@dataclass(frozen=True, slots=True)
class App:
    """A running app with its app settings; `store` is a client's own view of its storage."""

    settings: Mapping[str, str]
    host: DevHost
    store: ImageStore

    def drop(self, name: str, data: bytes) -> str:
        """Put an image into the container and give its ETag."""
        return self.store.put_image(name, data)

    def record(
        self, name: str, etag: str, where: Callable[[CaptionRecord], bool] = lambda _: True
    ) -> CaptionRecord:
        """Wait for the sidecar of this version of an image, and give its record.

        Where a condition is given, wait until the record meets it.
        """

        def found() -> CaptionRecord | None:
            try:
                record, _ = self.store.get_record(name)
            except RecordNotFound:
                return None
            return record if record.image.etag == etag and where(record) else None

        try:
            return wait_for(found, f"the sidecar of '{name}'")
        except AssertionError as fault:
            raise AssertionError(f"{fault}\n{self.host.log}") from None


def app_settings(azurite: Azurite, settings: Mapping[str, str]) -> dict[str, str]:
    """Give app settings with containers that nobody else uses, unless they are told."""
    suffix = uuid.uuid4().hex[:12]
    return {
        "AzureWebJobsStorage": azurite.connection_string,
        "IMAGES_CONTAINER": f"images-{suffix}",
        "CAPTIONS_CONTAINER": f"captions-{suffix}",
        "JOBS_CONTAINER": f"jobs-{suffix}",
        "THUMBNAILS_CONTAINER": f"thumbnails-{suffix}",
        **settings,
    }


@contextmanager
def running_app(
    azurite: Azurite,
    settings: Mapping[str, str],
    *,
    app_dir: Path = REPOSITORY,
    message_lease_s: float = 600,
    arguments: Sequence[str] = (),
    writable: Path | None = None,
) -> Iterator[App]:
    """Run the app for a block of code."""
    everything = app_settings(azurite, settings)
    connection = StorageConnection(connection_string=azurite.connection_string)
    with ImageStore.connect(connection, load_settings(everything)) as store:
        store.ensure_containers()
        host = DevHost(
            app_dir, everything, arguments, message_lease_s=message_lease_s, writable=writable
        )
        with host:
            yield App(everything, host, store)
