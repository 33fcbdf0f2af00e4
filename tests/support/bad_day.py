"""The whole app on a bad day: storage and Vision behind proxies that a test may break.

    with BadDay.of(bundle, folder) as day:
        day.blob.inject(Reset(), path="a.jpg")
        day.drop("a.jpg", data)
        day.audit.wait_until_true()

Tests look at storage by a way of their own, which nothing breaks.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import requests

from captioner.errors import RecordNotFound
from captioner.records import CaptionRecord
from captioner.settings import StorageConnection, load_settings
from captioner.store import ImageStore
from tests.support.app import app_settings
from tests.support.audit import Audit, working_queues
from tests.support.azurite import Azurite
from tests.support.fault_proxy import FaultProxy, origin_of, through
from tests.support.host import REPOSITORY, DevHost
from tests.support.vision_server import KEY, VisionServer

LEASE_S = 1.0
_AT_ONCE = 16
TIMEOUT_S = 60


def impatient(folder: Path) -> Path:
    """Give the app's folder as deployed, with a host that neither waits nor takes turns."""
    folder.mkdir(parents=True, exist_ok=True)
    host_json = json.loads((REPOSITORY / "host.json").read_text())
    host_json["extensions"]["queues"] |= {"visibilityTimeout": "00:00:00", "batchSize": 8}
    host_json["extensions"]["blobs"]["maxDegreeOfParallelism"] = _AT_ONCE
    (folder / "host.json").write_text(json.dumps(host_json))
    shutil.copy(REPOSITORY / "function_app.py", folder)
    return folder


@dataclass(slots=True)
class BadDay:
    """Storage of its own, proxies before it, and the settings of an app that goes through them."""

    azurite: Azurite
    blob: FaultProxy
    queue: FaultProxy
    vision_proxy: FaultProxy
    vision: VisionServer
    settings: Mapping[str, str]
    store: ImageStore
    app_dir: Path
    hosts: list[DevHost] = field(default_factory=list)

    @classmethod
    @contextmanager
    def of(
        cls, bundle: Path, folder: Path, settings: Mapping[str, str] | None = None
    ) -> Iterator[Self]:
        """Set everything up for a block of code, but no host."""
        with ExitStack() as stack:
            azurite = stack.enter_context(Azurite())
            plain = azurite.connection_string
            blob = stack.enter_context(FaultProxy(origin_of(plain, "Blob")))
            queue = stack.enter_context(FaultProxy(origin_of(plain, "Queue")))
            vision = stack.enter_context(VisionServer())
            vision_proxy = stack.enter_context(FaultProxy(vision.url))
            asked = {
                "MODEL_DIR": str(bundle),
                "VISION_ENDPOINT": vision_proxy.url,
                "VISION_KEY": KEY,
                "VISION_TIMEOUT_SECONDS": "2",
                "PYTHON_THREADPOOL_THREAD_COUNT": str(_AT_ONCE),
                **(settings or {}),
            }
            everything = {
                **app_settings(azurite, asked),
                "AzureWebJobsStorage": through(plain, blob=blob, queue=queue),
            }
            connection = StorageConnection(connection_string=plain)
            store = ImageStore.connect(connection, load_settings(everything))
            stack.enter_context(store).ensure_containers()
            day = cls(
                *(azurite, blob, queue, vision_proxy, vision),
                settings=everything,
                store=store,
                app_dir=impatient(folder),
            )
            stack.callback(day.close)
            yield day

    def host(
        self, *, like: DevHost | None = None, settings: Mapping[str, str] | None = None
    ) -> DevHost:
        """Start a host; one that is `like` another is a second instance of the same app."""
        identity = {} if like is None else {"AzureFunctionsWebHost__hostid": like.host_id}
        everything = {**self.settings, **identity, **(settings or {})}
        host = DevHost(self.app_dir, everything, message_lease_s=LEASE_S)
        if like is not None:
            host.host_id = like.host_id
        self.hosts.append(host)
        host.start()
        return host

    def drop(self, name: str, data: bytes) -> str:
        """Put an image into the container, and give its ETag."""
        return self.store.put_image(name, data)

    def publish(self, host: DevHost, name: str, text: str) -> bool:
        """Publish a text as a person does; tell whether the app acknowledged it."""
        try:
            etag = requests.get(f"{host.url}/api/captions/{name}", timeout=TIMEOUT_S).headers.get(
                "ETag"
            )
            answer = requests.put(
                f"{host.url}/api/alt-text/{name}",
                json={"text": text},
                headers={"If-Match": etag or '"none"'},
                timeout=TIMEOUT_S,
            )
        except requests.RequestException:
            return False
        return answer.status_code == 200

    def record(self, name: str) -> CaptionRecord | None:
        """Give an image's record as it is in storage; None where there is none."""
        try:
            return self.store.get_record(name)[0]
        except RecordNotFound:
            return None

    def heal(self) -> None:
        """Let everything pass from now on."""
        for proxy in (self.blob, self.queue, self.vision_proxy):
            proxy.heal()

    @property
    def audit(self) -> Audit:
        """Give what looks at storage."""
        queues = {name for host in self.hosts for name in working_queues(host.host_id)}
        return Audit(self.azurite, self.settings, sorted(queues), sources=("onnx", "azure-vision"))

    def close(self) -> None:
        self.heal()
        for host in self.hosts:
            host.close()
