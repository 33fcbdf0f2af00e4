"""What is in the container image, run as a container is: it can write below one folder only."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.dockerfile import Dockerfile, copy_as_built
from tests.support.host import REPOSITORY
from tests.support.pictures import image_bytes, plain
from tests.support.waiting import wait_for

TIMEOUT_S = 60

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux confines programs so")


@pytest.fixture(scope="module")
def dockerfile() -> Dockerfile:
    return Dockerfile.parse((REPOSITORY / "Dockerfile").read_text())


@pytest.fixture(scope="module")
def tree(dockerfile: Dockerfile, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the Dockerfile copies, the real model among them."""
    tree = tmp_path_factory.mktemp("wwwroot")
    copy_as_built(REPOSITORY, dockerfile, tree)
    return tree


@pytest.fixture(scope="module")
def app(
    azurite: Azurite,
    dockerfile: Dockerfile,
    tree: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[App]:
    settings = {"PYTHONDONTWRITEBYTECODE": dockerfile.environment["PYTHONDONTWRITEBYTECODE"]}
    writable = tmp_path_factory.mktemp("tmp")
    with running_app(azurite, settings, app_dir=tree, writable=writable) as app:
        yield app


def test_it_is_well(app: App) -> None:
    answer = requests.get(f"{app.host.url}/api/health", timeout=TIMEOUT_S)

    assert (answer.status_code, answer.json()["status"]) == (200, "ok")
    assert answer.json()["bundle"]


def test_a_dropped_image_is_captioned_listed_and_found(app: App) -> None:
    etag = app.drop("red.jpg", image_bytes(plain(100, 80, "red")))

    record = app.record("red.jpg", etag)

    assert record.problems == ()
    word = record.captions[0].text.split()[-1]

    def listed() -> bool:
        images = requests.get(f"{app.host.url}/api/images", timeout=TIMEOUT_S)
        found = requests.get(f"{app.host.url}/api/search", {"q": word}, timeout=TIMEOUT_S)
        images.raise_for_status()
        found.raise_for_status()
        return "red.jpg" in images.text and "red.jpg" in found.text

    wait_for(listed, "the image to be listed and found")


def test_upkeep_and_exports_find_room_for_their_files(app: App) -> None:
    called = requests.post(f"{app.host.url}/admin/functions/keep_catalogue", timeout=TIMEOUT_S)
    exported = requests.get(f"{app.host.url}/api/export", {"format": "csv"}, timeout=TIMEOUT_S)

    assert called.status_code == 202
    assert exported.status_code == 200
    log = app.host.wait_for_log("Executed 'Functions.keep_catalogue'")
    assert "Executed 'Functions.keep_catalogue' (Succeeded" in log


def test_nothing_was_refused(app: App, tree: Path) -> None:
    assert "Permission denied" not in app.host.log
    assert not list(tree.rglob("__pycache__"))


def test_a_confined_program_writes_where_it_may_and_nowhere_else(tmp_path: Path) -> None:
    """What the others here rest on."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    command = [sys.executable, "-m", "tests.support.confined", str(inside), "--", "touch"]

    def touches(path: Path) -> bool:
        return subprocess.run([*command, path], cwd=REPOSITORY, check=False).returncode == 0

    assert touches(inside / "a")
    assert not touches(outside / "a")
    assert not list(outside.iterdir())


def test_it_ends_when_told_to(app: App) -> None:
    assert app.host.stop() == 0
