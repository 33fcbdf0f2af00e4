"""Images are dropped, and found by what their records say."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
import requests

from captioner.catalogue import Upkeep
from captioner.entries import Entry
from captioner.records import AltText, now
from captioner.search import SearchAnswer
from captioner.settings import StorageConnection, load_settings
from captioner.store import CatalogueBlobs
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.host import REPOSITORY, DevHost
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer
from tests.support.waiting import wait_for

TIMEOUT_S = 60


@pytest.fixture(scope="module")
def app(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    with VisionServer() as vision:
        settings = {
            "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
            "VISION_ENDPOINT": vision.url,
            "VISION_KEY": KEY,
            "SEARCH_DIR": str(tmp_path_factory.mktemp("search")),
        }
        with running_app(azurite, settings) as app:
            yield app


def ask(host: DevHost, **query: Any) -> SearchAnswer:
    answer = requests.get(f"{host.url}/api/search", params=query, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=SearchAnswer)


def found(host: DevHost, text: str, name: str) -> Entry:
    """Wait until an image is found: the index is some seconds behind."""

    def entry() -> Entry | None:
        hits = ask(host, q=text, limit=100).results
        return next((hit.image for hit in hits if hit.image.name == name), None)

    return wait_for(entry, f"'{name}' to be found by '{text}'")


def colour(name: str) -> bytes:
    return image_bytes(plain(100, 80, name))


def test_a_dropped_image_is_found_and_so_is_what_a_person_wrote(app: App) -> None:
    app.record("attic/red.jpg", app.drop("attic/red.jpg", colour("red")))
    entry = found(app.host, "red pictures", "attic/red.jpg")
    assert set(entry.sources) == {"onnx", "azure-vision"}
    assert (entry.width, entry.height, entry.content_type) == (100, 80, "image/jpeg")

    record, etag = app.store.get_record("attic/red.jpg")
    human = AltText("A dreadful zeppelin", "person", "edited", by="A. Person", updated=now())
    etag = app.store.put_record(msgspec.structs.replace(record, alt_text=human), etag)
    assert found(app.host, "zeppelins", "attic/red.jpg").status == "edited"

    app.store.delete_record("attic/red.jpg", etag)
    wait_for(lambda: not ask(app.host, q="zeppelin").total, "the image to vanish")


def test_two_processes_that_write_at_once_lose_nothing(app: App) -> None:
    """The other process captions the same images, and both tell the log."""
    with DevHost(REPOSITORY, app.settings) as other:
        names = [f"both/{each}.jpg" for each in range(6)]
        with ThreadPoolExecutor(3) as pool:
            etags = list(pool.map(lambda name: app.drop(name, colour("blue")), names))
        for name, etag in zip(names, etags, strict=True):
            app.record(name, etag)
        for host in (app.host, other):
            for name in names:
                found(host, "both blue", name)


def test_sidecars_that_others_delete_vanish_with_the_next_upkeep(
    app: App, azurite: Azurite
) -> None:
    app.record("green.jpg", app.drop("green.jpg", colour("green")))
    found(app.host, "green", "green.jpg")
    with azurite.blobs() as blobs:
        blobs.get_blob_client(app.settings["CAPTIONS_CONTAINER"], "green.jpg.json").delete_blob()
    connection = StorageConnection(connection_string=azurite.connection_string)
    with CatalogueBlobs.connect(connection, load_settings(app.settings)) as catalogue:
        Upkeep(catalogue, app.store).keep()

    def vanished() -> bool:
        hits = ask(app.host, q="green", limit=100).results
        return all(hit.image.name != "green.jpg" for hit in hits)

    wait_for(vanished, "the image to vanish")


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": "red", "limit": "0"},
        {"q": "red", "limit": "101"},
        {"q": "red", "offset": "-1"},
        {"q": "red", "limit": "1e1"},
        {"q": "red", "limit": "٣"},
        {"q": "red", "sorce": "onnx"},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_told(app: App, query: dict[str, str]) -> None:
    answer = requests.get(f"{app.host.url}/api/search", params=query, timeout=TIMEOUT_S)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")


@pytest.mark.parametrize("text", ['"', "x" * 1_001, " ".join(map(str, range(33)))], ids=len)
def test_what_cannot_be_looked_for_is_told(app: App, text: str) -> None:
    answer = requests.get(f"{app.host.url}/api/search", params={"q": text}, timeout=TIMEOUT_S)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


@pytest.mark.parametrize(
    "text", ["alt_text:x", "NEAR(", "a\x00b", "'; DROP TABLE image", "写真", "NOT", "a" * 1_000]
)
def test_hostile_queries_are_answered(app: App, text: str) -> None:
    ask(app.host, q=text)
