"""What the OpenAPI document promises, held against the running app; its page, as it is served."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.app import App, running_app
from tests.support.azurite import Azurite
from tests.support.pictures import image_bytes, plain

SCHEMATHESIS = Path(__file__).parent / "schemathesis"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def app(azurite: Azurite, keys: Path) -> Iterator[App]:
    """The app as Azure runs it, with keys; it fetches nothing from anywhere."""
    settings = {"SOURCE_ALLOWED_HOSTS": "images.invalid"}
    arguments = ["--enforce-keys", "--keys", str(keys)]
    with running_app(azurite, settings, arguments=arguments) as app:
        app.record("dog.jpg", app.drop("dog.jpg", image_bytes(plain(64, 48))))
        yield app


def test_the_app_does_what_the_document_says(app: App, keys: Path, tmp_path: Path) -> None:
    key = json.loads(keys.read_text())["functionKeys"]["default"]
    report = tmp_path / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(SCHEMATHESIS / "schemathesis.toml")),
            *("run", f"{app.host.url}/api/openapi.json"),
            *("--header", f"x-functions-key: {key}"),
            *("--max-examples", "25"),
            *("--report-json-path", str(report)),
        ],
        check=False,
        cwd=tmp_path,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "media_types",
            "PYTHONPATH": str(SCHEMATHESIS),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_document_and_page_are_open_to_anybody(app: App) -> None:
    document = requests.get(f"{app.host.url}/api/openapi.json", timeout=10)
    assert document.headers["Content-Type"] == "application/vnd.oai.openapi+json"
    assert document.json()["openapi"] == "3.1.0"
    page = requests.get(f"{app.host.url}/api/docs", timeout=10)
    assert page.headers["Content-Type"].startswith("text/html")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'sha")
    assert requests.get(f"{app.host.url}/api/schema", timeout=10).status_code == 401
