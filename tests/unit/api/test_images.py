"""Images over HTTP: sent, given back, made small; a storage emulator behind it."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import azure.functions as func
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.http import parse_options_header

from captioner.api import ImageApi
from captioner.api.images import attachment
from captioner.composition import Services, build_services
from captioner.settings import Settings, StorageConnection
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, plain

NAME = "attic/a b+#%é.jpg"
RED = image_bytes(plain(100, 80, "red"), "PNG")
BLUE = image_bytes(plain(80, 100, "blue"))


@pytest.fixture
def services(
    azurite: Azurite, tmp_path: Path, unique_name: Callable[[str], str]
) -> Iterator[Services]:
    settings = Settings(
        images_container=unique_name("images"),
        captions_container=unique_name("captions"),
        thumbnails_container=unique_name("thumbnails"),
        model_dir=make_bundle(tmp_path, telling=True),
        max_image_bytes=2**20,
    )
    connection = StorageConnection(connection_string=azurite.connection_string)
    services = build_services(settings, connection)
    with services.store:
        yield services


@pytest.fixture
def api(services: Services) -> ImageApi:
    return ImageApi(lambda: services)


def request(
    name: str = NAME,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
) -> func.HttpRequest:
    return func.HttpRequest(
        method="GET",
        url="/api/images/any",
        headers=headers or {},
        params=query or {},
        route_params={"name": name},
        body=body,
    )


def assert_problem(answer: func.HttpResponse, status: int, code: str) -> None:
    document = json.loads(answer.get_body())
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)


def test_an_image_is_taken_and_then_replaced(api: ImageApi) -> None:
    first = api.put(request(body=RED))
    assert first.status_code == 201
    assert first.headers["Location"] == "/api/captions/attic/a%20b%2B%23%25%C3%A9.jpg"
    told = json.loads(first.get_body())
    assert told | {"etag": "", "version": ""} == {
        "name": NAME,
        "etag": "",
        "version": "",
        "content_type": "image/png",
        "width": 100,
        "height": 80,
        "bytes": len(RED),
    }

    only_new = api.put(request(body=BLUE, headers={"if-none-match": "*"}))
    assert_problem(only_new, 412, "image_exists")

    second = api.put(request(body=BLUE))
    assert second.status_code == 200
    assert json.loads(second.get_body())["version"] != told["version"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "empty_image"),
        (b"no image", 415, "unsupported_image"),
        (RED[:60], 422, "corrupt_image"),
        (bytes(2**20 + 1), 413, "image_too_large"),
    ],
)
def test_what_is_no_image_is_not_taken(api: ImageApi, body: bytes, status: int, code: str) -> None:
    assert_problem(api.put(request(body=body)), status, code)
    assert_problem(api.get(request()), 404, "image_not_found")


@pytest.mark.parametrize("name", ["", "..", ".catalogue/a.jpg", "a\\b.jpg", "a\r\nb.jpg"])
def test_names_that_no_image_may_have_are_refused(api: ImageApi, name: str) -> None:
    assert_problem(api.put(request(name, RED)), 400, "invalid_request")


def test_a_condition_that_is_not_known_is_not_passed_over(api: ImageApi) -> None:
    answer = api.put(request(body=RED, headers={"if-none-match": '"0x1"'}))
    assert_problem(answer, 400, "invalid_request")


def test_an_image_is_given_back_as_a_file(api: ImageApi) -> None:
    etag = json.loads(api.put(request(body=RED)).get_body())["etag"]

    answer = api.get(request())

    assert (answer.status_code, answer.get_body(), answer.mimetype) == (200, RED, "image/png")
    assert dict(answer.headers) == {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "Content-Disposition": 'attachment; filename="a b+#__.jpg"; '
        "filename*=UTF-8''a%20b%2B%23%25%C3%A9.jpg",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    again = api.get(request(headers={"if-none-match": etag}))
    assert (again.status_code, again.get_body(), again.headers["ETag"]) == (304, b"", etag)


def test_what_others_put_there_is_no_page(api: ImageApi, services: Services) -> None:
    services.store.put_image("page.html", b"<script>alert(1)</script>", content_type="text/html")
    assert api.get(request("page.html")).mimetype == "application/octet-stream"
    assert_problem(api.thumbnail(request("page.html")), 415, "unsupported_image")


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example('a"; filename=b.exe')
@example("a\r\nSet-Cookie: a=b")
@example("dir/..\\x\u202egpj.exe/")
@example("%41.jpg")
def test_nothing_in_a_name_ends_the_header(name: str) -> None:
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    kind, options = parse_options_header(header)
    assert kind == "attachment"
    assert options.keys() == {"filename"}
    assert "/" not in options["filename"]
    assert options["filename"] == (name.rstrip("/").rpartition("/")[2] or "image")


def test_a_thumbnail_may_be_stored_for_good_where_its_version_is_told(api: ImageApi) -> None:
    version = json.loads(api.put(request(body=RED)).get_body())["version"]

    for size in ("small", "large"):
        told = api.thumbnail(request(query={"size": size, "version": version}))
        assert (told.status_code, told.mimetype) == (200, "image/jpeg")
        assert told.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert told.headers["ETag"] == f'"{version}-{size}"'
        assert told.headers["X-Content-Type-Options"] == "nosniff"

    wrong = api.thumbnail(request(query={"version": "0" * 16}))
    plain_one = api.thumbnail(request())
    for answer in (wrong, plain_one):
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.headers["ETag"] == f'"{version}-small"'
    again = api.thumbnail(request(headers={"if-none-match": f'"{version}-small"'}))
    assert (again.status_code, again.get_body()) == (304, b"")

    api.put(request(body=BLUE))
    changed = api.thumbnail(request(headers={"if-none-match": f'"{version}-small"'}))
    assert changed.status_code == 200


@pytest.mark.parametrize(
    "query", [{"size": "huge"}, {"version": "../../x"}, {"version": "A" * 16}, {"width": "10"}]
)
def test_thumbnails_of_other_kinds_are_refused(api: ImageApi, query: dict[str, str]) -> None:
    assert_problem(api.thumbnail(request(query=query)), 400, "invalid_request")


def test_what_is_not_there_is_told(api: ImageApi) -> None:
    assert_problem(api.get(request()), 404, "image_not_found")
    assert_problem(api.thumbnail(request()), 404, "image_not_found")
    assert_problem(api.attention(request()), 404, "record_not_found")


def test_where_the_model_looked_is_told(api: ImageApi, services: Services) -> None:
    api.put(request(body=RED))
    services.events.landed(services.store.images_container, NAME)

    answer = api.attention(request())

    assert answer.status_code == 200
    document = json.loads(answer.get_body())
    assert document["side"] == 2
    assert [each["word"] for each in document["words"]] == document["text"].split()
    assert document["words"][0].keys() == {"word", "place", "attention"}
