"""Images are sent to the running app, and captioned, shown and given back by it."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
import requests
from PIL import Image
from werkzeug.http import parse_options_header

from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.pictures import image_bytes, left_and_right, plain

RED = image_bytes(left_and_right(800, 600))
BLUE = image_bytes(plain(600, 800, "blue"), "PNG")
LIMIT = 2**20
TIMEOUT_S = 60


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"), telling=True)


@pytest.fixture(scope="module")
def app(azurite: Azurite, bundle: Path) -> Iterator[App]:
    settings = {"MODEL_DIR": str(bundle), "MAX_IMAGE_BYTES": str(LIMIT)}
    with running_app(azurite, settings) as app:
        yield app


def ask(app: App, method: str, route: str, name: str, **more: object) -> requests.Response:
    url = f"{app.host.url}/api/{route}/{quote(name)}"
    return requests.request(method, url, timeout=TIMEOUT_S, **more)


def assert_problem(answer: requests.Response, status: int, code: str) -> None:
    assert answer.headers["Content-Type"].partition(";")[0] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)


@pytest.mark.parametrize(
    "name",
    [
        "a b+#%é.jpg",
        "50%25off.jpg",
        "dir/sub dir/x.jpg",
        "\U0001f600" * 255,
        "<img src=x onerror=alert(1)>.jpg",
        "\u202egpj.dog",
        'a"; filename=b.exe',
    ],
    ids=["odd", "percent", "folders", "emoji", "markup", "right to left", "quotation mark"],
)
def test_an_image_that_is_sent_is_captioned_shown_and_given_back(app: App, name: str) -> None:
    sent = ask(app, "PUT", "images", name, data=RED)
    assert sent.status_code == 201, sent.text
    told = sent.json()
    assert told["name"] == name
    assert unquote(sent.headers["Location"]) == f"/api/captions/{name}"

    small = ask(app, "GET", "thumbnails", name, params={"version": told["version"]})
    assert small.headers["Content-Type"] == "image/jpeg"
    assert small.headers["Cache-Control"] == "private, max-age=31536000, immutable"
    assert Image.open(BytesIO(small.content)).size == (512, 384)

    record = app.record(name, told["etag"])
    assert len(record.captions) == 1
    read = requests.get(f"{app.host.url}{sent.headers['Location']}", timeout=TIMEOUT_S)
    assert read.json()["image"]["sha256"].startswith(told["version"])

    back = ask(app, "GET", "images", name)
    assert (back.content, back.headers["Content-Type"]) == (RED, "image/jpeg")
    kind, options = parse_options_header(back.headers["Content-Disposition"])
    assert (kind, options) == ("attachment", {"filename": name.rpartition("/")[2]})
    assert back.headers["X-Content-Type-Options"] == "nosniff"
    assert back.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    known = {"If-None-Match": back.headers["ETag"]}
    assert ask(app, "GET", "images", name, headers=known).status_code == 304

    attention = ask(app, "GET", "attention", name).json()
    assert attention["text"] == record.captions[0].text
    assert all(len(each["attention"]) == attention["side"] ** 2 for each in attention["words"])


def test_captions_do_not_wait_for_the_platform(bundle: Path) -> None:
    """With containers that are looked through once an hour, only the message can be the cause."""
    settings = {"MODEL_DIR": str(bundle)}
    arguments = ["--blob-scan-interval", "3600"]
    # A storage account of its own: its messages are for no other app.
    with Azurite() as apart, running_app(apart, settings, arguments=arguments) as patient:
        told = ask(patient, "PUT", "images", "dog.jpg", data=RED).json()
        patient.record("dog.jpg", told["etag"])


def test_a_replaced_image_gets_captions_and_thumbnails_of_its_own(app: App) -> None:
    first = ask(app, "PUT", "images", "again.jpg", data=RED).json()
    app.record("again.jpg", first["etag"])
    before = ask(app, "GET", "thumbnails", "again.jpg")

    only_new = ask(app, "PUT", "images", "again.jpg", data=BLUE, headers={"If-None-Match": "*"})
    assert_problem(only_new, 412, "image_exists")
    sent = ask(app, "PUT", "images", "again.jpg", data=BLUE)
    assert sent.status_code == 200
    second = sent.json()

    assert app.record("again.jpg", second["etag"]).image.content_type == "image/png"
    known = {"If-None-Match": before.headers["ETag"]}
    after = ask(app, "GET", "thumbnails", "again.jpg", headers=known)
    assert after.status_code == 200
    assert Image.open(BytesIO(after.content)).size == (384, 512)
    same = {"If-None-Match": after.headers["ETag"]}
    assert ask(app, "GET", "thumbnails", "again.jpg", headers=same).status_code == 304


def test_a_dropped_image_has_its_thumbnail_made_with_its_captions(
    app: App, azurite: Azurite
) -> None:
    container = app.settings["THUMBNAILS_CONTAINER"]

    def etags() -> dict[str, str]:
        with azurite.blobs() as blobs:
            return {b.name: b.etag for b in blobs.get_container_client(container).list_blobs()}

    ask(app, "PUT", "images", "first.jpg", data=RED)  # the container is there from now on
    known = etags()
    app.record("dropped.jpg", app.drop("dropped.jpg", BLUE))
    (made,) = etags().items() - known.items()

    assert ask(app, "GET", "thumbnails", "dropped.jpg").status_code == 200
    assert made in etags().items()
    large = ask(app, "GET", "thumbnails", "dropped.jpg", params={"size": "large"})
    assert Image.open(BytesIO(large.content)).size == (600, 800)


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "empty_image"),
        (RED[:300], 422, "corrupt_image"),
        (b"<svg onload=alert(1)></svg>", 415, "unsupported_image"),
        (bytes(LIMIT + 1), 413, "image_too_large"),
    ],
    ids=["empty", "corrupt", "no image", "too large"],
)
def test_nothing_that_is_no_image_is_taken_or_shown(
    app: App, data: bytes, status: int, code: str
) -> None:
    assert_problem(ask(app, "PUT", "images", "bad.jpg", data=data), status, code)
    assert_problem(ask(app, "GET", "images", "bad.jpg"), 404, "image_not_found")

    app.drop(f"{code}.jpg", data)
    assert_problem(ask(app, "GET", "thumbnails", f"{code}.jpg"), status, code)


def test_the_catalogues_own_names_are_refused(app: App) -> None:
    answer = ask(app, "PUT", "images", ".catalogue/snapshot.jpg", data=RED)
    assert_problem(answer, 400, "invalid_request")
