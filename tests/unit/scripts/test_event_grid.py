"""scripts.event_grid: what is new in a container is told to the host's webhook."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from azure.storage.blob import ContainerClient

import function_app
from scripts.event_grid import FUNCTION, EventGrid


@dataclass
class Host:
    """A host that takes events, or has a fault while `status` says so."""

    url: str = ""
    status: int = 202
    paths: list[str] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def told(self) -> list[str]:
        names = [event["data"]["url"].rpartition("/")[2] for event in self.events]
        self.events.clear()
        return names


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            host.paths.append(self.path)
            if host.status == 202 and self.headers["aeg-event-type"] == "Notification":
                host.events += body
            self.send_response(host.status)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield host
        server.shutdown()
        thread.join()


@pytest.fixture
def images(blobs, unique_name) -> Iterator[ContainerClient]:
    with blobs.create_container(unique_name("images")) as container:
        yield container


def test_what_is_new_is_told_once(images: ContainerClient, host: Host) -> None:
    images.upload_blob("a b#.jpg", b"x")
    event_grid = EventGrid(images, host.url)

    event_grid.look()
    assert host.events[0]["data"]["url"] == images.get_blob_client("a b#.jpg").url
    assert host.events[0]["data"]["blobType"] == "BlockBlob"
    assert host.told() == ["a%20b%23.jpg"]
    event_grid.look()
    assert host.told() == []
    images.upload_blob("a b#.jpg", b"y", overwrite=True)
    images.upload_blob("c.jpg", b"x")
    event_grid.look()
    assert host.told() == ["a%20b%23.jpg", "c.jpg"]
    assert set(host.paths) == {f"/runtime/webhooks/blobs?functionName={FUNCTION}"}


def test_what_cannot_be_told_is_told_later(images: ContainerClient, host: Host) -> None:
    for number in range(60):
        images.upload_blob(f"{number:02}.jpg", b"x")
    event_grid = EventGrid(images, host.url)

    host.status = 500
    event_grid.look()
    assert host.told() == []
    host.status = 202
    event_grid.look()
    assert len(host.told()) == 60


def test_a_host_that_is_not_there_is_borne(images: ContainerClient) -> None:
    images.upload_blob("a.jpg", b"x")

    EventGrid(images, "http://127.0.0.1:9").look()


def test_a_container_that_is_not_there_is_borne(blobs, unique_name, host: Host) -> None:
    with blobs.get_container_client(unique_name("absent")) as container:
        EventGrid(container, host.url).look()

    assert host.paths == []


def test_the_function_is_there() -> None:
    assert callable(getattr(function_app, FUNCTION.removeprefix("Host.Functions.")))
