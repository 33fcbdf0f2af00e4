"""The HTTP routes of a running app."""

import re
from collections.abc import Iterator
from urllib.parse import quote

import jsonschema
import pytest
import requests

from captioner import __version__
from captioner.records import json_schema
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain

RED = image_bytes(plain(100, 80, "red"), "PNG")
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def app(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    bundle = make_bundle(tmp_path_factory.mktemp("bundle"))
    with running_app(azurite, {"MODEL_DIR": str(bundle)}) as app:
        yield app


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)


def test_an_image_as_body_is_answered_with_its_record(app: App) -> None:
    answer = requests.post(
        f"{app.host.url}/api/caption", data=RED, params={"name": "a b+é.png"}, timeout=TIMEOUT_S
    )

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].partition(";")[0] == "application/json"
    record = answer.json()
    jsonschema.validate(record, json_schema())
    assert record["image"]["name"] == "a b+é.png"
    assert [caption["source"] for caption in record["captions"]] == ["onnx"]
    assert record["problems"] == []


def test_an_image_in_a_form_gives_the_same_caption(app: App) -> None:
    url = f"{app.host.url}/api/caption"

    plain_answer = requests.post(url, data=RED, timeout=TIMEOUT_S).json()
    form_answer = requests.post(url, files={"file": ("red.png", RED)}, timeout=TIMEOUT_S).json()

    assert form_answer["image"]["name"] == "red.png"
    assert form_answer["captions"][0]["text"] == plain_answer["captions"][0]["text"]


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({}, 400, "invalid_request"),
        ({"json": {"image": "https://example.org/a.jpg"}}, 400, "invalid_request"),
        ({"data": b'{"url": "https://example.org/a.jpg"}'}, 415, "unsupported_media_type"),
        ({"data": RED, "params": {"langauge": "es"}}, 400, "invalid_request"),
        ({"data": RED, "params": {"captioners": "gpt"}}, 400, "invalid_request"),
        ({"data": RED, "params": {"language": "fr"}}, 422, "language_unsupported"),
        ({"data": b"no image"}, 415, "unsupported_image"),
        ({"data": RED[:50]}, 422, "corrupt_image"),
    ],
    ids=[
        *("empty", "no form", "no header", "no option", "no captioner", "no language"),
        *("no image", "corrupt"),
    ],
)
def test_what_cannot_be_captioned_is_told_as_a_problem(
    app: App, request_: dict[str, object], status: int, code: str
) -> None:
    answer = requests.post(f"{app.host.url}/api/caption", timeout=TIMEOUT_S, **request_)

    assert_problem(answer, status, code)


@pytest.mark.parametrize("name", ["dir/x.jpg", "a b+#%é.jpg", "50%25off.jpg"])
def test_the_record_of_a_dropped_image(app: App, name: str) -> None:
    record = app.record(name, app.drop(name, RED))
    url = f"{app.host.url}/api/captions/{quote(name)}"

    answer = requests.get(url, timeout=TIMEOUT_S)
    again = requests.get(url, headers={"If-None-Match": answer.headers["ETag"]}, timeout=TIMEOUT_S)

    assert answer.status_code == 200
    assert answer.json()["image"]["etag"] == record.image.etag
    assert (again.status_code, again.content) == (304, b"")


def test_an_image_without_record(app: App) -> None:
    answer = requests.get(f"{app.host.url}/api/captions/none.jpg", timeout=TIMEOUT_S)

    assert_problem(answer, 404, "record_not_found")


def test_health(app: App) -> None:
    answer = requests.get(f"{app.host.url}/api/health", timeout=TIMEOUT_S)

    assert answer.status_code == 200
    document = answer.json()
    assert document["status"] == "ok"
    assert document["version"] == __version__
    assert document["bundle"]["name"] == "tiny"
    assert document["captioners"] == ["onnx"]


def test_the_schema(app: App) -> None:
    schema = requests.get(f"{app.host.url}/api/schema", timeout=TIMEOUT_S).json()

    jsonschema.Draft202012Validator.check_schema(schema)


def test_the_gallery_is_at_the_root_with_all_its_files(app: App) -> None:
    page = requests.get(app.host.url + "/", timeout=TIMEOUT_S)
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Encoding"] == "gzip"
    assert "default-src 'none'; script-src 'self'" in page.headers["Content-Security-Policy"]
    files = re.findall(r'(?:href|src)="(/web/[^"]+)"', page.text)
    assert "/web/main.js" in files
    for file in files:
        answer = requests.get(app.host.url + file, timeout=TIMEOUT_S)
        assert answer.status_code == 200, file
    known = {"If-None-Match": page.headers["ETag"]}
    assert requests.get(app.host.url, headers=known, timeout=TIMEOUT_S).status_code == 304
    absent = requests.get(f"{app.host.url}/web/..%5csettings.py", timeout=TIMEOUT_S)
    assert_problem(absent, 404, "page_file_not_found")
