"""The README's examples, copied from it and run against the app as they stand."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import jsonschema
import pytest

from captioner.records import json_schema
from captioner.settings import STORAGE_CONNECTION
from scripts.azurite import DEFAULT_CONNECTION
from tests.support.app import running_app
from tests.support.azurite import Azurite
from tests.support.bundles import make_bundle
from tests.support.documents import README, ROOT, code
from tests.support.pictures import image_bytes, left_and_right, plain
from tests.support.tools import require_tool

USUAL_URL = "http://127.0.0.1:7071"
DEADLINE_S = 120


def shell_examples(program: str) -> list[str]:
    """Give the commands of the README's shell blocks that start with this program."""
    joined = (block.replace("\\\n", " ") for block in code(README, "sh"))
    return [line for block in joined for line in block.splitlines() if line.startswith(program)]


def python_examples(package: str) -> list[str]:
    return [
        block
        for block in code(README, "python")
        if f"import {package}" in block or f"from {package}" in block
    ]


@dataclass(frozen=True)
class Reader:
    """Somebody who copies examples into a folder with `photo.jpg` and `photos`, as the app runs."""

    folder: Path
    connection: str
    url: str

    def run(self, *command: str) -> str:
        """Run a command, fail with what it said if it fails, and give its output."""
        ours = {
            "HOME": str(self.folder),
            "MODEL_DIR": str(self.folder / "bundle"),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            STORAGE_CONNECTION: self.connection,
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | ours,
            capture_output=True,
            check=False,
            text=True,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def shell(self, line: str) -> str:
        return self.run("sh", "-c", line.replace(USUAL_URL, self.url))

    def python(self, example: str) -> str:
        example = example.replace(USUAL_URL, self.url)
        return self.run(sys.executable, "-c", example.replace(DEFAULT_CONNECTION, self.connection))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("reader")
    make_bundle(folder / "bundle")
    photo = image_bytes(left_and_right(640, 480, "red", "green"))
    (folder / "photo.jpg").write_bytes(photo)
    (folder / "photos").mkdir()
    (folder / "photos" / "blue.png").write_bytes(image_bytes(plain(64, 64, "blue"), "PNG"))
    (folder / ".curlrc").write_text("fail\nsilent\nshow-error\n")  # an error is an exit code
    (folder / "bin").mkdir()
    command = folder / "bin" / "captioner"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m captioner "$@"\n')
    command.chmod(0o755)
    usual = {"IMAGES_CONTAINER": "images", "CAPTIONS_CONTAINER": "captions"}
    # Storage of its own, so that the containers may have the names that the README gives them.
    with (
        Azurite() as azurite,
        running_app(azurite, {**usual, "MODEL_DIR": str(folder / "bundle")}) as app,
    ):
        app.record("attic/photo.jpg", app.drop("attic/photo.jpg", photo))
        yield Reader(folder, azurite.connection_string, app.host.url)


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
    elif "/api/schema" in line:
        assert answer == json.loads(json.dumps(json_schema()))
    else:
        jsonschema.validate(answer, json_schema())
        assert answer["image"]["name"].endswith("photo.jpg")
        assert answer["captions"]


def test_python_by_http(reader: Reader) -> None:
    for example in python_examples("requests"):
        assert reader.python(example).strip()


def test_python_by_storage(reader: Reader) -> None:
    (example,) = python_examples("azure.storage.blob")
    before = reader.shell("captioner upload photo.jpg --prefix attic/")
    shutil.copy(reader.folder / "photos" / "blue.png", reader.folder / "photo.jpg")
    reader.python(example)
    after = reader.shell("captioner upload photo.jpg --prefix attic/")
    assert (before, after) == ("unchanged  attic/photo.jpg\n", "unchanged  attic/photo.jpg\n")


@pytest.mark.parametrize("line", shell_examples("captioner "))
def test_the_terminal(reader: Reader, line: str) -> None:
    shown = reader.shell(line)
    assert "onnx" in shown
    assert "photo.jpg" in shown or "blue.png" in shown
