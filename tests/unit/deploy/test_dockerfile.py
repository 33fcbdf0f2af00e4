"""The container image: what is in it, and that it runs as nobody and writes to /tmp only."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pathspec
import pytest

from captioner.settings import Settings
from tests.support.dockerfile import Dockerfile, context

ROOT = Path(__file__).resolve().parents[3]
DEADLINE_S = 60


@pytest.fixture(scope="module")
def dockerfile() -> Dockerfile:
    return Dockerfile.parse((ROOT / "Dockerfile").read_text())


def test_the_image_holds_what_is_deployed_and_nothing_else(dockerfile: Dockerfile) -> None:
    """`.dockerignore` lets in what `.funcignore` does not keep out, and all of it is copied."""
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())
    deployed = {path.name for path in ROOT.iterdir() if not ignored.match_file(path.name)}
    seen = list(context(ROOT))

    assert {path.relative_to(ROOT).parts[0] for path in seen} == deployed
    assert dockerfile.copied.keys() == deployed
    for name in deployed:
        files = {
            path
            for path in ([ROOT / name] if (ROOT / name).is_file() else (ROOT / name).rglob("*"))
            if path.is_file() and not ignored.match_file(path.relative_to(ROOT))
        }
        assert {path for path in seen if path.relative_to(ROOT).parts[0] == name} == files


@pytest.mark.parametrize("name", [".env", "local.settings.json", "id_rsa", "captioner.local"])
def test_what_lies_about_stays_out(name: str, tmp_path: Path) -> None:
    (tmp_path / ".dockerignore").write_text((ROOT / ".dockerignore").read_text())
    (tmp_path / name).write_text("secret")
    (tmp_path / "captioner" / "__pycache__").mkdir(parents=True)
    (tmp_path / "captioner" / "__pycache__" / "a.pyc").touch()
    (tmp_path / "captioner" / "a.py").touch()

    assert [path.relative_to(tmp_path) for path in context(tmp_path)] == [Path("captioner/a.py")]


def test_the_image_is_that_of_functions_for_our_python(dockerfile: Dockerfile) -> None:
    base = dockerfile.one("ARG").text.partition("=")[2]

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert base == f"mcr.microsoft.com/azure-functions/python:4-python{version}"
    assert [each.words[0] for each in dockerfile.all("FROM")] == ["${BASE}", "${BASE}"]


def test_packages_are_the_pinned_ones_and_are_where_the_worker_looks(
    dockerfile: Dockerfile,
) -> None:
    (install,) = [each for each in dockerfile.all("RUN") if "pip install" in each.text]
    words = install.words
    folder = dockerfile.one("WORKDIR").text

    assert {"--require-hashes", "--no-deps"} <= set(words)
    assert words[words.index("--only-binary") + 1] == ":all:"
    packages = f"{folder}/{words[words.index('--target') + 1]}"
    assert dockerfile.environment["PYTHONPATH"] == packages
    assert dockerfile.environment["AzureWebJobsScriptRoot"] == folder
    assert dockerfile.one("COPY", -1).words == ["--from=app", folder, folder]


def test_it_runs_as_nobody_on_a_port_that_anybody_may_open(dockerfile: Dockerfile) -> None:
    user, _, group = dockerfile.one("USER", -1).text.partition(":")
    port = dockerfile.one("EXPOSE", -1).text

    assert int(user) > 1000
    assert int(group) > 1000
    assert int(port) > 1023
    assert dockerfile.environment["ASPNETCORE_URLS"] == f"http://+:{port}"
    assert f":{port}/api/health" in dockerfile.one("HEALTHCHECK", -1).text
    # Nothing after it may want more rights, and nothing is left to write to but /tmp.
    assert not dockerfile.all("RUN", -1)
    assert not dockerfile.all("VOLUME")


def test_whatever_the_host_writes_is_below_tmp(dockerfile: Dockerfile) -> None:
    told = dockerfile.environment
    folders = [told["HOME"], *(value for name, value in told.items() if name.endswith("_PATH"))]

    assert len(folders) == 4
    assert all(Path(folder).is_relative_to("/tmp") for folder in folders)
    assert told["PYTHONDONTWRITEBYTECODE"] == "1"
    assert told["AzureFunctionsWebHost__IsFileSystemReadOnly"] == "true"


def test_no_setting_of_the_app_is_fixed_and_no_secret_is_in_it(dockerfile: Dockerfile) -> None:
    settings = {each.metadata["env"] for each in fields(Settings)}

    assert not settings & dockerfile.environment.keys()
    assert not [name for name in dockerfile.environment if "key" in name.lower()]
    assert "AzureWebJobsStorage" not in dockerfile.environment


def test_the_host_itself_is_told_to_stop_and_finishes_its_work(dockerfile: Dockerfile) -> None:
    assert dockerfile.one("CMD", -1).command[0].startswith("/azure-functions-host/")
    assert dockerfile.environment["FUNCTIONS_ENABLE_DRAIN_ON_APP_STOPPING"] == "true"
    assert not dockerfile.all("ENTRYPOINT")


@pytest.fixture
def health() -> Iterator[tuple[str, list[int]]]:
    """Give the URL of a server, and the statuses that it will answer with."""
    statuses: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0) if self.path == "/api/health" else 404)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", statuses
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_hears_what_the_app_says(
    dockerfile: Dockerfile, health: tuple[str, list[int]], status: int, healthy: bool
) -> None:
    url, statuses = health
    statuses.append(status)
    program, *arguments = dockerfile.one("HEALTHCHECK", -1).command
    assert program == "python"
    arguments = [each.replace("http://127.0.0.1:8080", url) for each in arguments]

    ended = subprocess.run(
        [sys.executable, *arguments], capture_output=True, check=False, timeout=DEADLINE_S
    )

    assert (ended.returncode == 0) is healthy
    assert statuses == []
