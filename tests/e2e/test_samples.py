"""What samples/ holds, run against the app: a Python client and a Postman collection."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from captioner.api.openapi import OPERATIONS
from scripts import newman, node
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.directories import sas_uri
from tests.support.host import REPOSITORY
from tests.support.pictures import image_bytes, left_and_right

SAMPLES = REPOSITORY / "samples"
COLLECTION = SAMPLES / "captioner.postman_collection.json"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    (folder / "photo.jpg").write_bytes(image_bytes(left_and_right(640, 480, "red", "green")))
    (folder / "broken.jpg").write_bytes(b"no image")
    make_bundle(folder / "bundle")
    return folder


@pytest.fixture(scope="module")
def keys(folder: Path) -> Path:
    return folder / "keys.json"


@pytest.fixture(scope="module")
def app(azurite: Azurite, folder: Path, keys: Path) -> Iterator[App]:
    """The app as Azure runs it, with keys."""
    settings = {"MODEL_DIR": str(folder / "bundle")}
    arguments = ["--enforce-keys", "--keys", str(keys)]
    with running_app(azurite, settings, arguments=arguments) as app:
        app.record("photo.jpg", app.drop("photo.jpg", (folder / "photo.jpg").read_bytes()))
        yield app


def key_in(keys: Path) -> str:
    key: str = json.loads(keys.read_text())["functionKeys"]["default"]
    return key


def test_the_client_of_ten_lines(app: App, folder: Path, keys: Path) -> None:
    sample = SAMPLES / "caption.py"
    assert len([line for line in sample.read_text().splitlines() if line]) <= 10

    command = [sys.executable, sample, app.host.url, key_in(keys), "photo.jpg", "broken.jpg"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)

    captioned, refused = done.stdout.splitlines()
    assert re.fullmatch(r"photo\.jpg \w+( \w+)+", captioned)
    assert refused.startswith("broken.jpg This is not an image that can be captioned")


def test_the_collection(app: App, azurite: Azurite, folder: Path, keys: Path) -> None:
    with azurite.blobs() as blobs:
        directory = sas_uri(blobs.get_container_client(app.settings["IMAGES_CONTAINER"]))
    variables = {
        "baseUrl": app.host.url,
        "key": key_in(keys),
        "image": "photo.jpg",
        "imageUrl": f"{app.store.image_url('photo.jpg')}?{directory.partition('?')[2]}",
        "directory": directory,
    }
    command = [
        *(node.find(), newman.PROGRAM, "run", COLLECTION, "--working-dir", folder),
        *("--color", "off", "--disable-unicode"),
        *(f"--env-var={name}={value}" for name, value in variables.items()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def requests_of(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for each in item.get("item", []):
        yield from requests_of(each)
    if "request" in item:
        yield item["request"]


def test_the_collection_has_every_operation_and_no_other() -> None:
    asked = {
        (each["method"].lower(), "/" + "/".join(each["url"]["path"]).replace("upload}}", "image}}"))
        for each in requests_of(json.loads(COLLECTION.read_text()))
    }
    fillings = {"{name}": "{{image}}", "{id}": "{{job}}", "{file}": "base.css"}

    def filled(path: str) -> str:
        return re.sub(r"{\w+}", lambda found: fillings[found[0]], path)

    assert asked == {(each.method, filled(each.path)) for each in OPERATIONS}
