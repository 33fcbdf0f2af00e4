"""Images are dropped, captioned, corrected, and taken away in forms that other programs read."""

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import requests
from iiif_prezi3 import AnnotationPage

from captioner.records import AltText, from_json, now
from tests.support import exiftool
from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.exported import HOSTILE
from tests.support.pictures import image_bytes, plain

TIMEOUT_S = 60
NAMES = ("attic/red.jpg", "blue ü 写真.jpg", "broken.jpg")
ALT = "XMP-iptcCore:AltTextAccessibility"


@pytest.fixture(scope="module")
def app(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app with two captioned pictures, one of them corrected, and a corrupt one."""
    settings = {
        "MODEL_DIR": str(make_bundle(tmp_path_factory.mktemp("bundle"))),
        "IIIF_CANVAS": "https://example.org/iiif/{sha256}/canvas",
    }
    with running_app(azurite, settings) as app:
        etags = [
            app.drop(NAMES[0], image_bytes(plain(64, 48, "red"))),
            app.drop(NAMES[1], image_bytes(plain(64, 48, "blue"))),
            app.drop(NAMES[2], b"\xff\xd8\xff"),
        ]
        for name, etag in zip(NAMES, etags, strict=True):
            app.record(name, etag)
        record, etag = app.store.get_record(NAMES[1])
        human = AltText(HOSTILE[0], "person", "edited", by=None, updated=now())
        app.store.put_record(msgspec.structs.replace(record, alt_text=human), etag)
        yield app


def ask(app: App, **query: Any) -> requests.Response:
    answer = requests.get(f"{app.host.url}/api/export", params=query, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return answer


def select(app: App, wanted: str, *names: str) -> requests.Response:
    told = {"format": wanted, "names": names}
    answer = requests.post(f"{app.host.url}/api/export", json=told, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return answer


def test_a_table_comes_whole_or_in_parts(app: App) -> None:
    whole = ask(app, format="csv")
    assert whole.headers["Content-Type"] == "text/csv; charset=utf-8"
    parts = [ask(app, format="csv", limit=1)]
    while "next" in parts[-1].links:
        following = f"{app.host.url}{parts[-1].links['next']['url']}"
        parts.append(requests.get(following, timeout=TIMEOUT_S))

    assert b"".join(part.content for part in parts) == whole.content
    rows = csv.DictReader(io.StringIO(whole.content.decode("utf-8-sig"), newline=""))
    assert {(row["name"], row["status"], row["problems"]) for row in rows} == {
        (NAMES[0], "machine", ""),
        (NAMES[1], "edited", ""),
        (NAMES[2], "none", "corrupt_image"),
    }


def test_lines_are_the_records(app: App) -> None:
    answer = select(app, "jsonl", NAMES[2], "lost.jpg", NAMES[0])

    records = [from_json(line) for line in answer.content.splitlines()]
    assert [record.image.name for record in records] == [NAMES[2], "lost.jpg", NAMES[0]]
    assert records[1].problems[0].code == "record_not_found"
    assert records[2] == app.store.get_record(NAMES[0])[0]


def test_exiftool_reads_what_is_exported(app: App, tmp_path: Path) -> None:
    answer = ask(app, format="xmp")
    assert answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["Captioner-Left-Out"] == "1"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        archive.extractall(tmp_path)

    red = exiftool.tags_in(tmp_path / f"{NAMES[0]}.xmp")
    blue = exiftool.tags_in(tmp_path / f"{NAMES[1]}.xmp")
    assert red[ALT] == app.store.get_record(NAMES[0])[0].alt_text.text
    assert "nobody has reviewed" in red["XMP-photoshop:Instructions"]
    assert blue[ALT] == HOSTILE[0]
    assert "XMP-photoshop:Instructions" not in blue

    one = ask(app, format="xmp", name=NAMES[1])
    assert one.headers["Content-Type"] == "application/rdf+xml"
    assert one.content == (tmp_path / f"{NAMES[1]}.xmp").read_bytes()


def test_the_models_of_iiif_take_the_page(app: App) -> None:
    answer = ask(app, format="annotations")

    assert answer.headers["Content-Type"].startswith("application/ld+json")
    AnnotationPage.model_validate(answer.json(), strict=False)
    record = app.store.get_record(NAMES[1])[0]
    canvas = f"https://example.org/iiif/{record.image.sha256}/canvas"
    (annotation,) = (each for each in answer.json()["items"] if each["target"] == canvas)
    assert annotation["body"][0]["value"] == HOSTILE[0]


def test_html_is_sent_as_a_file(app: App) -> None:
    answer = ask(app, format="html", name=NAMES[0])

    assert answer.headers["Content-Disposition"] == "attachment; filename=red.jpg.html"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.text.startswith("<img ")
    assert 'data-alt-text="unreviewed"' in answer.text


def test_filters_choose(app: App) -> None:
    def names(**filters: str) -> set[str]:
        lines = ask(app, format="jsonl", **filters).content.splitlines()
        return {json.loads(line)["image"]["name"] for line in lines}

    assert names(review="pending") == {NAMES[0], NAMES[2]}
    assert names(status="edited") == {NAMES[1]}
    assert names(problem="any") == {NAMES[2]}
    assert names(prefix="attic/", source="onnx") == {NAMES[0]}


def test_what_cannot_be_exported_is_told(app: App) -> None:
    def refused(**query: str) -> tuple[int, str]:
        answer = requests.get(f"{app.host.url}/api/export", params=query, timeout=TIMEOUT_S)
        assert answer.headers["Content-Type"] == "application/problem+json"
        return answer.status_code, answer.json()["code"]

    assert refused(format="csv", name="lost.jpg") == (404, "record_not_found")
    assert refused(format="xmp", name=NAMES[2]) == (422, "no_alt_text")
    assert refused() == (400, "invalid_request")
