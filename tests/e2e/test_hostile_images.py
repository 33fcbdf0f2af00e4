"""Images made to do harm, by each way in: captions or a problem with its code, and nothing else."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from captioner.errors import ImageError
from captioner.records import CaptionRecord, from_json
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bombs import BOMBS, polyglots
from tests.support.bundles import make_bundle
from tests.support.directories import sas_uri
from tests.support.host import REPOSITORY

TIMEOUT_S = 120
CODES = {each.code for each in ImageError.__subclasses__()}
# Of each kind those that are made at once; tests/unit/images/test_bombs.py has them all.
CHOSEN = (
    *("JPEG: as many pixels as can be told", "JPEG: EXIF that loops", "JPEG: a billion laughs"),
    *("JPEG: EXIF that shares", "JPEG: a file named in XMP", "JPEG: EXIF of wrong types"),
    *("PNG: one pixel more", "PNG: four billion frames", "PNG: EXIF that shares"),
    *("WebP: very many pixels in 34 bytes", "WebP: one pixel on a canvas"),
    *("GIF: as many pixels as can be told", "GIF: a frame beyond its screen"),
    *("TIFF: a value shared by very many fields", "TIFF: a directory that follows itself"),
    *("TIFF: more pixels than can be", "TIFF: counts beyond all bounds"),
    *("BMP: a negative size", "AVIF: told smaller than it is", "HEIC: told larger than it is"),
)
FILES = {
    **{f"{number:02} {name}": BOMBS[name]() for number, name in enumerate(CHOSEN)},
    **dict(polyglots()),
}


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def app(azurite: Azurite, bundle: Path) -> Iterator[App]:
    with running_app(azurite, {"MODEL_DIR": str(bundle), "SOURCE_HTTP": "true"}) as app:
        yield app
        assert "Traceback" not in app.host.log


def assert_borne(record: CaptionRecord) -> None:
    codes = {problem.code for problem in record.problems}
    assert bool(record.captions) != bool(codes), record
    assert codes <= CODES, record


def test_in_a_request(app: App) -> None:
    for name, data in FILES.items():
        answer = requests.post(f"{app.host.url}/api/caption", data=data, timeout=TIMEOUT_S)

        if answer.status_code == 200:
            assert from_json(answer.content).captions
        else:
            assert answer.json()["code"] in CODES, name


def test_dropped(app: App) -> None:
    etags = {name: app.drop(name, data) for name, data in FILES.items()}

    for name, etag in etags.items():
        assert_borne(app.record(name, etag))


def test_by_url(app: App, blobs: BlobServiceClient, unique_name: Callable[[str], str]) -> None:
    container = blobs.create_container(unique_name("hostile"))
    for name, data in FILES.items():
        container.upload_blob(name, data)
    urls = [sas_uri(container, path=f"/{quote(name)}") for name in FILES]

    answer = requests.post(
        f"{app.host.url}/api/caption", json={"urls": urls[:32]}, timeout=TIMEOUT_S
    )
    rest = requests.post(f"{app.host.url}/api/caption", json={"urls": urls[32:]}, timeout=TIMEOUT_S)

    results = [*answer.json()["results"], *rest.json()["results"]]
    assert len(results) == len(FILES)
    for each in results:
        assert bool(each["captions"]) != bool(each["problems"]), each
        assert {problem["code"] for problem in each["problems"]} <= CODES, each


def test_in_the_terminal(bundle: Path, tmp_path: Path) -> None:
    names = [f"{number:02}.jpg" for number in range(len(FILES))]
    for name, data in zip(names, FILES.values(), strict=True):
        (tmp_path / name).write_bytes(data)

    done = subprocess.run(
        [sys.executable, "-m", "captioner", "caption", "--json", *names],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "MODEL_DIR": str(bundle)},
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )

    records = [from_json(line) for line in done.stdout.splitlines()]
    assert [each.image.name for each in records] == names
    for each in records:
        assert_borne(each)
    assert b"Traceback" not in done.stderr
    assert b"Warning" not in done.stderr
