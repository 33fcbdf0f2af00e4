"""Images elsewhere, asked for by HTTP: a server of the test's own stands in for the web.

It is where the storage emulator is set to be, so that its address may be asked.
"""

import dataclasses
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import azure.functions as func
import msgspec
import pytest

from captioner.api import Api
from captioner.captioning import CaptioningService, Lane
from captioner.composition import Services, build_services
from captioner.images import decode
from captioner.ondemand import OnDemand
from captioner.settings import Settings, StorageConnection
from captioner.sources import Sources
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.captioners import ScriptedCaptioner
from tests.support.pictures import image_bytes, picture_of, plain
from tests.support.vision_server import KEY, VisionServer
from tests.support.web import Answer, Site, answer, redirect

RED = image_bytes(plain(100, 80, "red"), "PNG")
BLUE = image_bytes(plain(80, 100, "blue"), "PNG")
PATIENCE_S = 30
ACCOUNT = "/devstoreaccount1"

type Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture
def services(azurite: Azurite, bundle: Path) -> Iterator[Services]:
    settings = Settings(model_dir=bundle, source_http=True)
    connection = StorageConnection(connection_string=azurite.connection_string)
    services = build_services(settings, connection)
    with services.store:
        yield services


@pytest.fixture
def served(services: Services) -> Iterator[Callable[..., tuple[str, Ask, Site]]]:
    """Serve answers; give their common URL, a way to ask the API, and the site."""
    sites: list[Site] = []
    opened: list[Sources] = []

    def serve(answers: dict[str, Answer]) -> tuple[str, Ask, Site]:
        site = Site({f"{ACCOUNT}/{name}": each for name, each in answers.items()})
        site.__enter__()
        sites.append(site)
        root = f"http://127.0.0.1:{site.port}{ACCOUNT}"
        settings = Settings(source_http=True, source_timeout_s=PATIENCE_S)
        sources = Sources.of(settings, emulator=root)
        opened.append(sources)
        api = Api(lambda: dataclasses.replace(services, sources=lambda: sources))
        return root, lambda **asked: ask(api, asked), site

    yield serve
    for site in sites:
        site.__exit__()
    for sources in opened:
        sources.__exit__()


def ask(api: Api, asked: dict[str, Any]) -> tuple[int, Any]:
    request = func.HttpRequest(
        "POST",
        "http://localhost/api/caption",
        headers={"content-type": "application/json"},
        params={},
        body=msgspec.json.encode(asked),
    )
    given = api.caption(request)
    return given.status_code, msgspec.json.decode(given.get_body())


def codes(results: list[Any]) -> list[list[str]]:
    return [[problem["code"] for problem in each["problems"]] for each in results]


def test_one_url_is_answered_with_its_record(served: Any) -> None:
    root, ask, site = served({"attic/a%20b.png?size=2&sig=s3cret": answer(RED)})

    status, record = ask(url=f"{root}/attic/a%20b.png?size=2&sig=s3cret")

    assert status == 200
    assert record["image"]["name"] == "a b.png"
    assert record["image"]["url"] == f"{root}/attic/a%20b.png?size=2"
    assert (record["image"]["width"], record["captions"][0]["source"]) == (100, "onnx")
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    ("given", "status", "code"),
    [
        (answer(status="404 Not Found"), 422, "nothing_there"),
        (answer(b"no image"), 415, "unsupported_image"),
        (answer(RED[:60]), 422, "corrupt_image"),
        (answer(status="503 Busy", retry_after="7"), 502, "download_failed"),
    ],
)
def test_one_url_without_a_caption_is_answered_with_the_problem(
    served: Any, given: bytes, status: int, code: str
) -> None:
    root, ask, _ = served({"a.png": given})

    told, problem = ask(url=f"{root}/a.png")

    assert (told, problem["code"]) == (status, code)


def test_an_image_that_has_no_turn_is_answered_with_when_to_ask_again(services: Services) -> None:
    captioner = ScriptedCaptioner(gate=threading.Event())
    lane = Lane("onnx", lambda: captioner, batch_size=8, threads=1, timeout_s=0.05)
    service = CaptioningService(partial(decode, max_bytes=2**20, max_pixels=2**20), lane, None)
    on_demand = OnDemand(service, max_bytes=2**20)
    api = Api(lambda: dataclasses.replace(services, on_demand=on_demand))
    request = func.HttpRequest(
        "POST",
        "http://localhost/api/caption",
        headers={"content-type": "image/png"},
        params={},
        body=RED,
    )

    lane.start([picture_of(plain(100, 80))])  # which keeps the only thread
    given = api.caption(request)
    captioner.gate.set()

    assert given.status_code == 503
    assert given.headers["Retry-After"] == "5"
    assert msgspec.json.decode(given.get_body())["code"] == "captioner_busy"


def test_a_list_keeps_its_order_and_one_bad_url_costs_only_itself(served: Any) -> None:
    root, ask, _ = served(
        {
            "red.png": answer(RED),
            "blue.png": answer(BLUE),
            "none.png": answer(status="404 Not Found"),
            "text.png": answer(b"text", content_type="image/png"),
        }
    )
    urls = [
        f"{root}/blue.png",
        "not a URL?sig=s3cret",
        f"{root}/none.png",
        f"{root}/red.png",
        "http://169.254.169.254/latest/meta-data?sig=s3cret",
        f"{root}/text.png",
        f"{root}/blue.png",
        "ftp://example.org/a.jpg",
    ]

    status, document = ask(urls=urls)

    results = document["results"]
    assert status == 200
    assert [each["image"]["name"] for each in results] == [
        "blue.png",
        "urls[1]",
        "none.png",
        "red.png",
        "meta-data",
        "text.png",
        "blue.png",
        "urls[7]",
    ]
    assert codes(results) == [
        [],
        ["invalid_url"],
        ["nothing_there"],
        [],
        ["blocked_address"],
        ["unsupported_image"],
        [],
        ["url_not_allowed"],
    ]
    assert [bool(each["captions"]) for each in results] == [not each for each in codes(results)]
    assert "s3cret" not in str(document)


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("http://169.254.169.254/latest/meta-data", "blocked_address"),
        ("http://[::1]/", "blocked_address"),
        ("http://0x7f000001/", "blocked_address"),
        ("http://127.0.0.1:{port}/private", "url_not_allowed"),
        ("http://localhost/", "blocked_address"),
        ("file:///etc/passwd", "url_not_allowed"),
    ],
)
def test_a_redirect_leads_nowhere_else(served: Any, location: str, code: str) -> None:
    with Site({"*": answer(RED)}) as private:
        root, ask, site = served({"a.png": redirect(location.format(port=private.port))})
        status, problem = ask(url=f"{root}/a.png")

    assert (status, problem["code"]) == (422, code)
    assert private.connections == 0
    assert len(site.asked) == 1


def test_downloads_are_concurrent(served: Any) -> None:
    """The server answers only when two requests wait for it."""
    two = threading.Barrier(2)

    def together(connection: socket.socket) -> None:
        two.wait(PATIENCE_S)
        connection.sendall(answer(RED))

    root, ask, _ = served({"a.png": together, "b.png": together})

    _, document = ask(urls=[f"{root}/a.png", f"{root}/b.png"])

    assert codes(document["results"]) == [[], []]


def test_vision_is_asked_concurrently(azurite: Azurite, bundle: Path) -> None:
    """Vision answers only when as many requests as there are pictures wait for it."""
    all_four = threading.Barrier(4)

    class Patient(VisionServer):
        def respond(self, seen: Any) -> Any:
            all_four.wait(PATIENCE_S)
            return super().respond(seen)

    with Patient() as vision:
        settings = Settings(model_dir=bundle, vision_endpoint=vision.url, vision_key=KEY)
        connection = StorageConnection(connection_string=azurite.connection_string)
        services = build_services(settings, connection)
        with Site({"*": answer(RED)}) as site, services.store:
            root = f"http://127.0.0.1:{site.port}{ACCOUNT}"
            with Sources.of(settings, emulator=root) as sources:
                api = Api(lambda: dataclasses.replace(services, sources=lambda: sources))
                _, document = ask(api, {"urls": [f"{root}/{each}.png" for each in range(4)]})

    assert codes(document["results"]) == [[]] * 4
    assert [len(each["captions"]) for each in document["results"]] == [2] * 4


def test_32_urls_are_answered_and_33_become_a_job(served: Any, services: Services) -> None:
    root, ask, site = served({"a.png": answer(RED)})

    status, document = ask(urls=[f"{root}/a.png"] * 32)
    assert (status, len(document["results"])) == (200, 32)
    assert codes(document["results"]) == [[]] * 32

    before = site.connections
    status, job = ask(urls=[f"{root}/a.png"] * 33, language="es")
    assert (status, job["source"], job["options"]) == (202, "urls", {"language": "es"})
    assert services.jobs.cancel(job["id"]).state == "cancelled"
    assert site.connections == before


def test_options_hold_for_every_image(served: Any) -> None:
    root, ask, _ = served({"a.png": answer(RED)})

    _, document = ask(urls=[f"{root}/a.png"] * 2, alternatives=1, captioners=["onnx"])
    assert [len(each["captions"][0]["alternatives"]) for each in document["results"]] == [1, 1]

    _, document = ask(urls=[f"{root}/a.png"], language="es")
    assert codes(document["results"]) == [["language_unsupported"]]

    status, problem = ask(url=f"{root}/a.png", captioners=["azure-vision"])
    assert (status, problem["code"]) == (422, "captioner_not_configured")


def test_no_signature_is_logged(served: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    root, ask, _ = served({"a.png?sig=s3cret": answer(RED), "b.png?sig=s3cret": answer(b"x")})

    ask(urls=[f"{root}/{each}.png?sig=s3cret" for each in "ab"] + ["https://u:s3cret@h/"])

    assert "Captioned 'a.png'" in caplog.text
    assert "s3cret" not in caplog.text + repr([vars(each) for each in caplog.records])
