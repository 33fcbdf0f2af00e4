"""Images that are asked for: several files, URLs and directories, through a running app.

The storage emulator is the one private address that may be asked, as it stands in for Azure.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jsonschema
import msgspec
import pytest
import requests
from azure.storage.blob import BlobServiceClient, ContainerClient

from captioner.records import AltText, from_json, json_schema, now
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.directories import FULL, READ, sas_uri, signature_of
from tests.support.pictures import image_bytes, plain
from tests.support.vision_server import KEY, VisionServer
from tests.support.waiting import wait_for
from tests.support.web import Site, answer

RED = image_bytes(plain(100, 80, "red"), "PNG")
BLUE = image_bytes(plain(80, 100, "blue"), "PNG")
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def vision() -> Iterator[VisionServer]:
    with VisionServer() as server:
        yield server


@pytest.fixture(scope="module")
def app(
    azurite: Azurite, vision: VisionServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[App]:
    settings = {
        "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
        "VISION_ENDPOINT": vision.url,
        "VISION_KEY": KEY,
        "SOURCE_HTTP": "true",
    }
    with running_app(azurite, settings) as app:
        yield app


@pytest.fixture
def container(blobs: BlobServiceClient, unique_name: Callable[[str], str]) -> ContainerClient:
    return blobs.create_container(unique_name("pictures"))


def ask(app: App, route: str = "caption", /, **asked: Any) -> requests.Response:
    return requests.post(f"{app.host.url}/api/{route}", json=asked, timeout=TIMEOUT_S)


def results_of(response: requests.Response) -> list[Any]:
    assert response.status_code == 200, response.text
    results = response.json()["results"]
    for record in results:
        jsonschema.validate(record, json_schema())
    return results


def names(results: list[Any]) -> list[str]:
    return [each["image"]["name"] for each in results]


def codes(results: list[Any]) -> list[list[str]]:
    return [[problem["code"] for problem in each["problems"]] for each in results]


def texts(record: Any) -> dict[str, str]:
    return {each["source"]: each["text"] for each in record["captions"]}


def test_several_files_in_a_form_of_which_one_is_corrupt(app: App) -> None:
    files = [("a", ("red.png", RED)), ("b", ("bad.png", RED[:60])), ("a", ("blue.png", BLUE))]
    url = f"{app.host.url}/api/caption"

    results = results_of(requests.post(url, files=files, timeout=TIMEOUT_S))

    assert names(results) == ["red.png", "bad.png", "blue.png"]
    assert codes(results) == [[], ["corrupt_image"], []]
    assert [texts(each).get("azure-vision") for each in results] == [
        "a red picture",
        None,
        "a blue picture",
    ]


def test_urls_good_and_bad_in_their_order(app: App, container: ContainerClient) -> None:
    container.upload_blob("attic/red 1.png", RED)
    container.upload_blob("blue.png", BLUE)
    urls = [
        sas_uri(container, path="/blue.png"),
        sas_uri(container, path="/none.png"),
        sas_uri(container, path="/attic/red%201.png"),
    ]

    results = results_of(ask(app, urls=urls))

    assert names(results) == ["blue.png", "none.png", "red 1.png"]
    assert codes(results) == [[], ["nothing_there"], []]
    assert results[0]["image"]["url"] == f"{container.url}/blue.png"
    assert not [url for url in urls if signature_of(url) in str(results) + app.host.log]


def test_nothing_private_is_asked(app: App) -> None:
    with Site({"*": answer(RED)}) as private:
        hosts = ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "[::ffff:7f00:1]"]
        on_its_port = [f"http://{host}:{private.port}/a.png" for host in hosts]
        elsewhere = [
            *(f"http://{host}/a.png" for host in hosts),
            "http://169.254.169.254/latest/meta-data",
            "http://10.0.0.1/a.png",
        ]
        results = results_of(ask(app, urls=on_its_port + elsewhere))
        single = ask(app, url="http://169.254.169.254/latest/meta-data")

    assert codes(results) == [["url_not_allowed"]] * 6 + [["blocked_address"]] * 8
    assert (single.status_code, single.json()["code"]) == (422, "blocked_address")
    assert private.connections == 0


def test_the_images_of_a_directory(app: App, container: ContainerClient) -> None:
    for name in ("2026/b.png", "2026/a.png", "2026/a.txt", "2025/c.png"):
        container.upload_blob(name, RED)

    results = results_of(ask(app, directory=sas_uri(container, path="/2026")))
    everything = results_of(ask(app, directory=sas_uri(container), captioners=["onnx"]))

    assert names(results) == ["2026/a.png", "2026/b.png"]
    assert names(everything) == ["2025/c.png", "2026/a.png", "2026/b.png"]
    assert [list(texts(each)) for each in everything] == [["onnx"]] * 3
    assert not [blob for blob in container.list_blobs() if blob.name.endswith(".json")]


def test_options_reach_the_captioners(
    app: App, container: ContainerClient, vision: VisionServer
) -> None:
    container.upload_blob("a.png", RED)
    vision.reset()

    (record,) = results_of(ask(app, directory=sas_uri(container), language="ja", alternatives=1))
    query = {"captioners": "azure-vision", "language": "pt", "alternatives": "0"}
    sent = requests.post(
        f"{app.host.url}/api/caption", data=RED, params=query, timeout=TIMEOUT_S
    ).json()

    assert codes([record]) == [["language_unsupported"]]
    assert [each["language"] for each in record["captions"]] == ["ja"]
    assert len(record["captions"][0]["alternatives"]) == 1
    assert [(each["source"], each["language"]) for each in sent["captions"]] == [
        ("azure-vision", "pt")
    ]
    assert [each.query["language"] for each in vision.requests] == ["ja", "pt"]


class TestSave:
    @pytest.fixture(autouse=True)
    def image(self, container: ContainerClient) -> None:
        container.upload_blob("a.png", RED)

    def beside(self, container: ContainerClient) -> Any:
        return from_json(container.download_blob("a.png.json").readall())

    def test_records_are_kept_with_what_people_wrote(
        self, app: App, container: ContainerClient, vision: VisionServer
    ) -> None:
        directory = sas_uri(container, FULL)
        (first,) = results_of(ask(app, directory=directory, save=True))
        human = AltText("Mezzetin, by Watteau", "human", "edited", by="ada", updated=now())
        edited = msgspec.structs.replace(self.beside(container), alt_text=human)
        container.upload_blob("a.png.json", msgspec.json.encode(edited), overwrite=True)
        vision.reset()

        (again,) = results_of(ask(app, directory=directory, save=True))
        assert vision.requests == []
        (forced,) = results_of(ask(app, directory=directory, save=True, force=True))
        assert len(vision.requests) == 1

        assert texts(first) == texts(again) == texts(forced)
        assert again["alt_text"]["text"] == forced["alt_text"]["text"] == "Mezzetin, by Watteau"
        assert self.beside(container).alt_text == human
        assert signature_of(directory) not in str(first) + str(forced) + app.host.log
        assert (
            signature_of(directory) not in container.download_blob("a.png.json").readall().decode()
        )

    def test_a_signature_that_may_not_write_is_a_problem(
        self, app: App, container: ContainerClient
    ) -> None:
        (record,) = results_of(ask(app, directory=sas_uri(container, READ), save=True))

        assert texts(record)["azure-vision"] == "a red picture"
        assert [(each["source"], each["code"]) for each in record["problems"]] == [
            ("save", "sas_too_narrow")
        ]
        assert [blob.name for blob in container.list_blobs()] == ["a.png"]

    def test_never_into_the_apps_own_containers(self, app: App, blobs: BlobServiceClient) -> None:
        for name in ("IMAGES_CONTAINER", "CAPTIONS_CONTAINER"):
            own = blobs.get_container_client(app.settings[name])
            for route in ("caption", "jobs"):
                response = ask(app, route, directory=sas_uri(own, FULL), save=True)

                assert (response.status_code, response.json()["code"]) == (422, "save_refused")
        assert results_of(ask(app, directory=sas_uri(own))) == []


def job_results(app: App, response: requests.Response) -> list[Any]:
    """Wait for the job that a request has become, and give its results."""
    assert response.status_code == 202, response.text
    job = app.host.url + response.headers["Location"]
    assert response.json() == requests.get(job, timeout=TIMEOUT_S).json() | {
        name: response.json()[name] for name in ("state", "counts", "rate", "seconds_left")
    }
    told = wait_for(
        lambda: (now := requests.get(job, timeout=TIMEOUT_S).json())["state"] == "done" and now,
        "the end of the job",
        deadline_s=TIMEOUT_S,
    )
    answer = requests.get(f"{job}/results", timeout=TIMEOUT_S)
    results = [json.loads(line) for line in answer.text.splitlines()]
    assert "next" not in answer.links
    assert told["counts"]["found"] == len(results)
    return results


def test_33_urls_become_a_job(app: App, container: ContainerClient) -> None:
    for each in range(3):
        container.upload_blob(f"{each}.png", RED)
    urls = [sas_uri(container, path=f"/{each % 4}.png") for each in range(33)]

    results = job_results(app, ask(app, urls=urls, captioners=["onnx"]))

    assert [each["index"] for each in results] == list(range(33))
    assert [each["image"] for each in results] == [url.partition("?")[0] for url in urls]
    for at, each in enumerate(results):
        if at % 4 == 3:
            assert each["problem"]["code"] == "nothing_there"
        else:
            jsonschema.validate(each["record"], json_schema())
            assert list(texts(each["record"])) == ["onnx"]
    assert not [url for url in urls if signature_of(url) in str(results) + app.host.log]


def test_options_reach_the_captioners_of_a_job(
    app: App, container: ContainerClient, vision: VisionServer
) -> None:
    for each in range(3):
        container.upload_blob(f"{each}.png", RED)
    vision.reset()
    directory = sas_uri(container)

    own = job_results(
        app, ask(app, "jobs", directory=directory, captioners=["onnx"], language="ja")
    )
    assert [each["problem"]["code"] for each in own] == ["language_unsupported"] * 3
    assert vision.requests == []

    both = [
        each["record"]
        for each in job_results(
            app, ask(app, "jobs", directory=directory, language="ja", alternatives=0)
        )
    ]
    assert codes(both) == [["language_unsupported"]] * 3
    assert [[each["language"] for each in record["captions"]] for record in both] == [["ja"]] * 3
    assert [each.query["language"] for each in vision.requests] == ["ja"] * 3


def test_a_directory_of_more_than_32_becomes_a_job(app: App, container: ContainerClient) -> None:
    for each in range(32):
        container.upload_blob(f"{each:02}.png", RED)
    directory = sas_uri(container)

    results = results_of(ask(app, directory=directory, captioners=["onnx"]))
    container.upload_blob("one more.png", RED)
    full = sas_uri(container, FULL)
    later = job_results(app, ask(app, directory=full, captioners=["onnx"], save=True))

    assert names(results) == [f"{each:02}.png" for each in range(32)]
    assert codes(results) == [[]] * 32
    assert [each["image"] for each in later] == [*names(results), "one more.png"]
    assert [
        from_json(container.download_blob(f"{each['image']}.json").readall()).image.name
        for each in later
    ] == [each["image"] for each in later]


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ({"permission": "r"}, 422, "sas_too_narrow"),
        ({"expiry": datetime.now(UTC) - timedelta(hours=1)}, 422, "sas_expired"),
    ],
)
def test_a_signature_that_does_not_open_the_directory(
    app: App, container: ContainerClient, options: dict[str, Any], status: int, code: str
) -> None:
    directory = sas_uri(container, **options)

    response = ask(app, directory=directory)

    assert (response.status_code, response.json()["code"]) == (status, code)
    assert signature_of(directory) not in response.text
