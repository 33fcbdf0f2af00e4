"""The devhost's webhook for Event Grid: handshakes, keys, and what becomes of events."""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient

from tests.e2e.conftest import StartHost
from tests.support.apps import write_app
from tests.support.event_grid import Webhook, cloud_event, event, validation
from tests.support.host import DevHost
from tests.support.waiting import wait_for

LANDED = "Host.Functions.landed"
TELLING = """
    from azurefunctions.extensions.bindings.blob import BlobClient

    @app.blob_trigger("image", "%IMAGES%/{name}", "AzureWebJobsStorage", source="EventGrid")
    def landed(image: BlobClient) -> None:
        logging.info("saw %s", json.dumps([image.container_name, image.blob_name]))
"""
FAILING = """
    @app.blob_trigger("image", "%IMAGES%/{name}", "AzureWebJobsStorage", source="EventGrid")
    def landed(image: bytes) -> None:
        raise ValueError("cannot read it")
"""
POISON_QUEUE = "webjobs-blobtrigger-poison"


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


def poison(queues: QueueServiceClient, container: str) -> dict[str, Any]:
    """Wait for the poison message of a blob in this container, and take it."""
    with queues.get_queue_client(POISON_QUEUE) as queue:
        with suppress(ResourceExistsError):  # the host makes it with its first message
            queue.create_queue()

        def ours() -> dict[str, Any] | None:
            for message in queue.receive_messages(visibility_timeout=60):
                notice: dict[str, Any] = json.loads(base64.b64decode(message.content))
                if notice["ContainerName"] == container:
                    queue.delete_message(message)
                    return notice
            return None

        return wait_for(ours, "the poison message")


def test_only_what_is_announced_is_seen_and_as_often_as_it_is(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    images.upload_blob("a b.jpg", b"x")
    images.upload_blob("unannounced.jpg", b"x")
    host = start_host(write_app(tmp_path, TELLING), {"IMAGES": images.container_name})
    url = f"{images.url}/a%20b.jpg"

    Webhook(host.url, "Host.Functions.another").tell(event(url))
    # No receipts and no ETags here: the same event twice is two calls.
    Webhook(host.url, LANDED).tell(event(url), event(url))
    # A function has a short name, and CloudEvents tell the same of a blob.
    Webhook(host.url, "Functions.landed").tell(cloud_event(url))

    assert seen(host, 3) == [[images.container_name, "a b.jpg"]] * 3
    host.wait_for_log("is for 'Host.Functions.another', which is not here")


def test_the_path_of_the_trigger_filters_nothing(
    tmp_path: Path,
    *,
    start_host: StartHost,
    images: ContainerClient,
    blobs: BlobServiceClient,
    unique_name: Callable[[str], str],
) -> None:
    host = start_host(write_app(tmp_path, TELLING), {"IMAGES": images.container_name})
    with blobs.create_container(unique_name("elsewhere")) as elsewhere:
        elsewhere.upload_blob("c.jpg", b"x")
        Webhook(host.url, LANDED).tell(event(f"{elsewhere.url}/c.jpg"))
        assert seen(host, 1) == [[elsewhere.container_name, "c.jpg"]]


def test_an_event_of_what_is_no_blob_is_dropped(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    images.upload_blob("a.jpg", b"x")
    host = start_host(write_app(tmp_path, TELLING), {"IMAGES": images.container_name})

    Webhook(host.url, LANDED).tell(
        event(f"{images.url}/gone.jpg"),
        event(images.url),
        event("https://another.blob.core.windows.net/nowhere/a.jpg"),
        event(f"{images.url}/a.jpg"),
    )

    assert seen(host, 1) == [[images.container_name, "a.jpg"]]
    log = host.wait_for_log("is gone", times=3)
    assert log.count("Executing 'Functions.landed'") == 1


def test_an_event_that_keeps_failing_ends_in_the_poison_queue(
    tmp_path: Path, start_host: StartHost, images: ContainerClient, queues: QueueServiceClient
) -> None:
    app = write_app(tmp_path, FAILING, extensions={"blobs": {"poisonBlobThreshold": 3}})
    images.upload_blob("a.jpg", b"x")
    host = start_host(app, {"IMAGES": images.container_name})

    Webhook(host.url, LANDED).tell(event(f"{images.url}/a.jpg", '"0xABC"'))

    assert poison(queues, images.container_name) == {
        "Type": "BlobTrigger",
        "FunctionId": LANDED,
        "BlobType": "BlockBlob",
        "ContainerName": images.container_name,
        "BlobName": "a.jpg",
        "ETag": '"0xABC"',
    }
    assert host.log.count("Executed 'Functions.landed' (Failed") == 3


def test_an_event_for_no_function_is_poison(
    tmp_path: Path, start_host: StartHost, images: ContainerClient, queues: QueueServiceClient
) -> None:
    app = write_app(tmp_path, TELLING, extensions={"blobs": {"poisonBlobThreshold": 1}})
    images.upload_blob("a.jpg", b"x")
    host = start_host(app, {"IMAGES": images.container_name})

    Webhook(host.url, function=None).tell(event(f"{images.url}/a.jpg"))

    assert poison(queues, images.container_name)["FunctionId"] is None
    assert "names no function" in host.log


def test_the_webhook_proves_whose_it_is_and_takes_nothing_else(
    tmp_path: Path, start_host: StartHost, images: ContainerClient
) -> None:
    keys = tmp_path / "keys.json"
    host = start_host(
        write_app(tmp_path, TELLING),
        {"IMAGES": images.container_name},
        ["--enforce-keys", "--keys", str(keys)],
    )
    known = json.loads(keys.read_text())
    webhook = Webhook(host.url, LANDED, known["systemKeys"]["blobs_extension"])
    origin = {"WebHook-Request-Origin": "eventgrid.azure.cn"}

    opened = webhook.post(validation("42"), "SubscriptionValidation")
    assert (opened.status_code, opened.json()) == (200, {"validationResponse": "42"})
    as_cloud_event = {"data": json.dumps({"validationCode": "43"})}
    opened = webhook.post(as_cloud_event, "SubscriptionValidation")
    assert (opened.status_code, opened.json()) == (200, {"validationResponse": "43"})
    assert webhook.send("OPTIONS", headers=origin).headers["Webhook-Allowed-Origin"] == (
        "eventgrid.azure.cn"
    )
    stranger = webhook.send("OPTIONS", headers={"WebHook-Request-Origin": "example.org"})
    assert stranger.headers["Webhook-Allowed-Origin"] == "eventgrid.azure.net"
    assert webhook.post([]).status_code == 202
    assert webhook.post([], "Unsubscribe").status_code == 202
    assert webhook.post([], "Something").status_code == 400
    assert webhook.post([], None).status_code == 400
    assert webhook.send("GET").status_code == 400
    assert webhook.send("PUT").status_code == 404
    for unreadable in ([{"data": {}}], [event("no URL")], "text", [event("", blobType="Photo")]):
        assert webhook.post(unreadable).status_code == 500
    deep = webhook.send("POST", data=b"[" * 100_000, headers={"aeg-event-type": "Notification"})
    assert (deep.status_code, deep.text) == (500, "")
    for key in (None, "wrong", known["functionKeys"]["default"]):
        closed = Webhook(host.url, LANDED, key)
        assert closed.post(validation("42"), "SubscriptionValidation").status_code == 401
        assert closed.send("OPTIONS", headers=origin).status_code == 401
        assert closed.post([]).status_code == 401
