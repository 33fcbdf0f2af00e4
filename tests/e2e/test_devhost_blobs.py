"""Blob triggers under the devhost: what lands is seen once, and nothing is lost."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient, ContainerClient, generate_container_sas
from azure.storage.queue import QueueServiceClient

from tests.e2e.conftest import StartHost
from tests.support.apps import write_app
from tests.support.azurite import Azurite
from tests.support.host import DevHost
from tests.support.waiting import wait_for

TIMEOUT_S = 30
POISON_QUEUE = "webjobs-blobtrigger-poison"
ODD_NAMES = ["plain.jpg", "a b+#%é.jpg", "dir/sub dir/x.y.png", "50%25off.jpg", "{braces}.jpg"]

# Each function says in one line of the log what it was given.
REFERENCE = """
    from azurefunctions.extensions.bindings.blob import BlobClient

    @app.blob_trigger("image", "%IMAGES%/{name}", "AzureWebJobsStorage")
    def landed(image: BlobClient) -> None:
        data = image.download_blob().readall()
        logging.info("saw %s", json.dumps([image.blob_name, data.decode()]))
"""
SLOW = """
    @app.blob_trigger("image", "%IMAGES%/{name}", "AzureWebJobsStorage")
    def landed(image: func.InputStream) -> None:
        logging.info("begun")
        while not Path("release").exists():
            time.sleep(0.05)
        logging.info("finished")
"""


@pytest.fixture
def images(
    blobs: BlobServiceClient, unique_name: Callable[[str], str]
) -> Iterator[ContainerClient]:
    with blobs.create_container(unique_name("images")) as container:
        yield container


def seen(host: DevHost, count: int) -> list[Any]:
    log = host.wait_for_log("Executed 'Functions.landed' (Succeeded", times=count)
    return [
        json.loads(line.partition("] saw ")[2]) for line in log.splitlines() if "] saw " in line
    ]


def notify(
    host: DevHost, function: str, url: str, etag: str = "0x1", kind: str = "Notification"
) -> int:
    """Post a BlobCreated event as Event Grid does; give the answer's status."""
    event = {
        "eventType": "Microsoft.Storage.BlobCreated",
        "data": {"api": "PutBlob", "url": url, "eTag": etag, "blobType": "BlockBlob"},
    }
    answer = requests.post(
        f"{host.url}/runtime/webhooks/blobs?functionName={function}",
        json=[event],
        headers={"aeg-event-type": kind},
        timeout=TIMEOUT_S,
    )
    return answer.status_code


def test_an_sdk_type_trigger_gets_every_name_as_it_is(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    images.upload_blob("before the start.jpg", b"early")
    host = start_host(write_app(tmp_path, REFERENCE), {"IMAGES": images.container_name})
    for name in ODD_NAMES:
        images.upload_blob(name, name.encode())
    expected = [["before the start.jpg", "early"], *([name, name] for name in ODD_NAMES)]
    assert sorted(seen(host, len(expected))) == sorted(expected)


def test_a_stream_trigger_knows_its_blob_and_writes_to_its_outputs(
    tmp_path: Path,
    *,
    start_host: StartHost,
    images: ContainerClient,
    blobs: BlobServiceClient,
    queues: QueueServiceClient,
    unique_name: Callable[[str], str],
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.blob_trigger("image", "%IMAGES%/{folder}/{name}.{extension}", "AzureWebJobsStorage")
        @app.blob_input("pair", "%IMAGES%/{folder}/{name}.txt", "AzureWebJobsStorage")
        @app.blob_output("sidecar", "%SIDECARS%/{name}.{extension}.json", "AzureWebJobsStorage")
        @app.queue_output("done", "%DONE%", "AzureWebJobsStorage")
        def landed(
            image: func.InputStream, pair: bytes, sidecar: func.Out[str], done: func.Out[str],
            context: func.Context,
        ) -> None:
            if image.name.endswith(".txt"):
                return
            told = {
                "name": image.name, "length": image.length, "uri": image.uri,
                "metadata": image.metadata, "type": image.blob_properties["ContentType"],
                "data": image.read().decode(), "pair": pair.decode(),
                "function": context.function_name,
            }
            sidecar.set(json.dumps(told))
            done.set(image.name)
        """,
    )
    sidecars, done = unique_name("sidecars"), unique_name("done")
    images.upload_blob("a/b c.txt", b"words")
    images.upload_blob("a/b c.jpg", b"pixels", metadata={"museum": "Uffizi"})
    images.upload_blob("no-folder.jpg", b"is not for the trigger")
    host = start_host(app, {"IMAGES": images.container_name, "SIDECARS": sidecars, "DONE": done})
    host.wait_for_log("Executed 'Functions.landed' (Succeeded", times=2)
    with blobs.get_blob_client(sidecars, "b c.jpg.json") as sidecar:
        told = json.loads(sidecar.download_blob().readall())
    with images.get_blob_client("a/b c.jpg") as blob:
        assert told == {
            "name": f"{images.container_name}/a/b c.jpg",
            "length": 6,
            "uri": blob.url,
            "metadata": {"museum": "Uffizi"},
            "type": "application/octet-stream",
            "data": "pixels",
            "pair": "words",
            "function": "landed",
        }
    with queues.get_queue_client(done) as queue:
        (message,) = queue.receive_messages()
    assert base64.b64decode(message.content).decode() == f"{images.container_name}/a/b c.jpg"
    assert "no-folder" not in host.log


def test_an_overwritten_blob_is_seen_again_and_an_untouched_one_never(
    tmp_path: Path, start_host: StartHost, images: ContainerClient, blobs: BlobServiceClient
) -> None:
    images.upload_blob("a.jpg", b"one")
    host = start_host(write_app(tmp_path, REFERENCE), {"IMAGES": images.container_name})
    assert seen(host, 1) == [["a.jpg", "one"]]
    host.restart()
    images.upload_blob("a.jpg", b"two", overwrite=True)
    images.upload_blob("b.jpg", b"three")
    assert sorted(seen(host, 3)[1:]) == [["a.jpg", "two"], ["b.jpg", "three"]]
    with blobs.get_container_client("azure-webjobs-hosts") as hosts:
        receipts = list(hosts.list_blob_names(name_starts_with=f"blobreceipts/{host.host_id}/"))
    with images.get_blob_client("b.jpg") as blob:
        etag = blob.get_blob_properties().etag.strip('"')
    assert len(receipts) == 3
    assert (
        f"blobreceipts/{host.host_id}/Host.Functions.landed/{etag}/{images.container_name}/b.jpg"
        in receipts
    )


def test_a_name_that_cannot_be_asked_for_stops_no_other(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    """HTTP clients resolve dots in a path, but a server need not."""
    allowed = generate_container_sas(
        images.account_name,
        images.container_name,
        account_key=images.credential.account_key,
        permission="cw",
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    target = urlsplit(images.url)
    with closing(HTTPConnection(target.netloc)) as storage:
        path = f"{target.path}/a/%2E%2E/b.jpg?{allowed}"
        storage.request("PUT", path, b"x", {"x-ms-blob-type": "BlockBlob"})
        assert storage.getresponse().status == 201
    images.upload_blob("c.jpg", b"y")

    host = start_host(write_app(tmp_path, REFERENCE), {"IMAGES": images.container_name})

    assert seen(host, 1) == [["c.jpg", "y"]]
    assert "'a/../b.jpg' is passed over" in host.log


def test_a_blob_that_keeps_failing_ends_in_the_poison_queue(
    tmp_path: Path, start_host: StartHost, images: ContainerClient, queues: QueueServiceClient
) -> None:
    app = write_app(
        tmp_path,
        """
        @app.blob_trigger("image", "%IMAGES%/{name}", "AzureWebJobsStorage")
        def landed(image: bytes) -> None:
            raise ValueError("cannot read it")
        """,
        extensions={"blobs": {"poisonBlobThreshold": 3}},
    )
    images.upload_blob("a.jpg", b"x")
    host = start_host(app, {"IMAGES": images.container_name})
    log = host.wait_for_log(f"Moving message to queue '{POISON_QUEUE}'")
    assert log.count("Executed 'Functions.landed' (Failed") == 3
    with queues.get_queue_client(POISON_QUEUE) as queue:
        with suppress(ResourceExistsError):  # the host makes it with its first message
            queue.create_queue()

        def ours() -> dict[str, str] | None:
            for message in queue.receive_messages(visibility_timeout=60):
                notice = json.loads(base64.b64decode(message.content))
                if notice["ContainerName"] == images.container_name:
                    queue.delete_message(message)
                    return notice
            return None

        notice = wait_for(ours, "the poison message")
    with images.get_blob_client("a.jpg") as blob:
        etag = blob.get_blob_properties().etag.strip('"')
    assert notice == {
        "Type": "BlobTrigger",
        "FunctionId": "Host.Functions.landed",
        "BlobType": "BlockBlob",
        "ContainerName": images.container_name,
        "BlobName": "a.jpg",
        "ETag": etag,
    }


def test_a_killed_host_loses_nothing(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    app = write_app(tmp_path, SLOW)
    host = start_host(app, {"IMAGES": images.container_name}, message_lease_s=2)
    images.upload_blob("a.jpg", b"x")
    host.wait_for_log("] begun")
    host.kill()
    (app / "release").touch()
    host.start()
    host.wait_for_log("] finished")


def test_a_stopped_host_gives_back_what_it_cannot_finish(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    app = write_app(tmp_path, SLOW)
    host = start_host(app, {"IMAGES": images.container_name}, ["--stop-timeout", "0.5"])
    images.upload_blob("a.jpg", b"x")
    host.wait_for_log("] begun")
    assert host.stop() == 0
    (app / "release").touch()
    host.start()
    # Left hidden, the message would come back after ten minutes only.
    host.wait_for_log("] finished")


def test_a_blob_that_is_gone_and_one_that_is_another_by_now_are_dropped(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    host = start_host(write_app(tmp_path, REFERENCE), {"IMAGES": images.container_name})
    images.upload_blob("a.jpg", b"one")
    seen(host, 1)
    function = "Host.Functions.landed"
    assert notify(host, function, f"{images.url}/gone.jpg") == 202
    host.wait_for_log(f"'{images.container_name}/gone.jpg' is gone")
    assert notify(host, function, f"{images.url}/a.jpg", etag="0xOLD") == 202
    host.wait_for_log(f"'{images.container_name}/a.jpg' has been replaced")
    images.upload_blob("b.jpg", b"two")
    assert seen(host, 2) == [["a.jpg", "one"], ["b.jpg", "two"]]


def test_storage_may_be_absent_at_the_start_and_go_away_later(
    tmp_path: Path, start_host: StartHost
) -> None:
    ping = """
    @app.route("ping")
    def ping(req: func.HttpRequest) -> str:
        return "pong"
    """
    app = write_app(tmp_path / "app", REFERENCE + ping)

    def pings(host: DevHost) -> bool:
        return requests.get(f"{host.url}/api/ping", timeout=TIMEOUT_S).text == "pong"

    with Azurite(tmp_path / "storage") as storage:
        storage.stop()
        host = start_host(
            app, {"AzureWebJobsStorage": storage.connection_string, "IMAGES": "images"}
        )
        log = host.wait_for_log("does not answer")
        assert pings(host)
        storage.start()
        with storage.blobs() as client, client.create_container("images") as images:
            images.upload_blob("a.jpg", b"one")
        assert seen(host, 1) == [["a.jpg", "one"]]
        host.wait_for_log("answers again")
        storage.stop()
        log = host.wait_for_log("does not answer", times=2)
        assert pings(host)
        storage.start()
        with storage.blobs() as client, client.get_container_client("images") as images:
            images.upload_blob("b.jpg", b"two")
        assert seen(host, 2) == [["a.jpg", "one"], ["b.jpg", "two"]]
        host.wait_for_log("answers again", times=2)
        assert log.count("does not answer") == 2
        assert "Traceback" not in host.log
        assert host.stop() == 0
