"""The README's examples, copied from it and run against the app as they stand."""

import json
import shutil
from collections.abc import Iterator

import jsonschema
import pytest

from captioner.records import json_schema
from tests.support.app import running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.directories import sas_uri
from tests.support.documents import README, code
from tests.support.pictures import image_bytes, left_and_right, plain
from tests.support.reader import Reader, lines_of
from tests.support.tools import require_tool


def shell_examples(program: str) -> list[str]:
    """Give the commands of the README's shell blocks that start with this program."""
    every = (line for block in code(README, "sh") for line in lines_of(block))
    return [line for line in every if line.startswith(program)]


def python_examples(package: str) -> list[str]:
    return [
        block
        for block in code(README, "python")
        if f"import {package}" in block or f"from {package}" in block
    ]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("reader")
    make_bundle(folder / "bundle")
    photo = image_bytes(left_and_right(640, 480, "red", "green"))
    (folder / "photo.jpg").write_bytes(photo)
    (folder / "photos").mkdir()
    (folder / "photos" / "blue.png").write_bytes(image_bytes(plain(64, 64, "blue"), "PNG"))
    usual = {"IMAGES_CONTAINER": "images", "CAPTIONS_CONTAINER": "captions"}
    # Storage of its own, so that the containers may have the names that the README gives them.
    with (
        Azurite() as azurite,
        running_app(azurite, {**usual, "MODEL_DIR": str(folder / "bundle")}) as app,
    ):
        for name in ("attic/photo.jpg", "attic/bench.jpg"):
            app.record(name, app.drop(name, photo))
        with azurite.blobs() as blobs:
            sas = sas_uri(blobs.get_container_client("images")).partition("?")[2]
        url = f"{app.store.image_url('attic/photo.jpg')}?{sas}"
        (folder / "urls.txt").write_text(f"{url}\n{url}\n")
        yield Reader.in_folder(
            folder, azurite.connection_string, app.host.url, model_dir=folder / "bundle"
        )


def test_there_are_examples_of_each_kind() -> None:
    assert len(shell_examples("curl ")) >= 5
    assert len(shell_examples("captioner ")) >= 3
    assert len(python_examples("requests")) >= 3
    assert python_examples("azure.storage.blob")


@pytest.mark.parametrize("line", shell_examples("curl "))
def test_curl(reader: Reader, line: str) -> None:
    require_tool("curl")
    answer = json.loads(reader.shell(line))
    if "/api/health" in line:
        assert answer["status"] == "ok"
    elif "/api/jobs" in line:
        assert answer.get("source", "urls") == "urls"
        assert answer.get("state", "listing") == "listing"
        assert "jobs" in answer or "id" in answer
    elif "/api/search" in line:
        assert {"total", "results", "facets"} <= answer.keys()
    elif "/api/export" in line:
        assert answer["type"] == "AnnotationPage"
    elif "/api/schema" in line:
        assert answer == json.loads(json.dumps(json_schema()))
    else:
        first, *_ = records = answer.get("results", [answer])
        for record in records:
            jsonschema.validate(record, json_schema())
            assert record["captions"]
        assert first["image"]["name"].endswith("photo.jpg")
        assert len(records) == line.count("-F ") or len(records) == 1


def test_python_by_http(reader: Reader) -> None:
    for example in python_examples("requests"):
        assert reader.python(example).strip()


def test_python_by_storage(reader: Reader) -> None:
    (example,) = set(python_examples("azure.storage.blob")) - set(python_examples("requests"))
    before = reader.shell("captioner upload photo.jpg --prefix attic/")
    shutil.copy(reader.folder / "photos" / "blue.png", reader.folder / "photo.jpg")
    reader.python(example)
    after = reader.shell("captioner upload photo.jpg --prefix attic/")
    assert (before, after) == ("unchanged  attic/photo.jpg\n", "unchanged  attic/photo.jpg\n")


@pytest.mark.parametrize("line", shell_examples("captioner "))
def test_the_terminal(reader: Reader, line: str) -> None:
    shown = reader.shell(line)
    if line.startswith("captioner job"):
        assert shown.endswith("done: 2 captioned\n")
        assert len((reader.folder / "results.jsonl").read_text().splitlines()) == 2
        return
    if line.startswith("captioner export"):
        assert shown.startswith("2 images in ")
        folder = reader.folder
        assert (folder / "captions.csv").exists() or any(folder.rglob("photo.jpg.xmp"))
        return
    assert "onnx" in shown
    if line.startswith("captioner search"):
        assert "attic/bench.jpg" in shown
        return
    assert "photo.jpg" in shown or "blue.png" in shown
