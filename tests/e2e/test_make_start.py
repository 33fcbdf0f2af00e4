"""`make start`: captions the sample photographs by itself, and leaves nothing behind."""

import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from scripts import local_storage, processes
from tests.support.bundles import make_bundle

ROOT = Path(__file__).resolve().parent.parent.parent
DEADLINE_S = 120


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A working tree of its own, in a path with a space, that shares what is only read."""
    tree = tmp_path / "a checkout"
    tree.mkdir()
    for name in ("function_app.py", "host.json", "local.settings.json.example"):
        shutil.copy(ROOT / name, tree)
    shutil.copytree(ROOT / "scripts", tree / "scripts")
    for name in ("captioner", "devhost", "tools"):
        (tree / name).symlink_to(ROOT / name)
    make_bundle(tree / "bundle")
    return tree


class Started:
    """A running `make start`, less the installing."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines = processes.lines_of(process)
        self.said: list[str] = []

    def wait_for(self, text: str) -> str:
        """Give the line that holds the text; fail with all that was said if it does not come."""
        while True:
            try:
                line = self._lines.get(timeout=DEADLINE_S)
            except queue.Empty:
                line = None
            if line is None:
                pytest.fail(f"{text!r} was never said:\n{''.join(self.said)}")
            self.said.append(line)
            if text in line:
                return line

    def wait_for_end(self) -> int:
        """Read to the end, which comes when nothing holds the output open any more."""
        while (line := self._lines.get(timeout=DEADLINE_S)) is not None:
            self.said.append(line)
        return self.process.wait(DEADLINE_S)


@contextmanager
def started(
    checkout: Path, port: int, azurite_port: int, *, source: str = "polling"
) -> Iterator[Started]:
    command = [sys.executable, "-u", "-m", "scripts.start"]
    ports = ["--port", str(port), "--azurite-port", str(azurite_port)]
    env = {**os.environ, "MODEL_DIR": "bundle", "BLOB_TRIGGER_SOURCE": source}
    with processes.running(
        command + ports, cwd=checkout, env=env, stdout=subprocess.PIPE
    ) as process:
        yield Started(process)


def free_ports(count: int) -> int:
    """Give the first of so many free ports in a row."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            first = probe.getsockname()[1]
        if all(is_free(first + each) for each in range(count)):
            return first


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, OverflowError):
        return False
    return True


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_samples_are_captioned_and_everything_ends(checkout: Path, ending: signal.Signals) -> None:
    first = free_ports(4)
    with started(checkout, first + 3, first) as run:
        run.wait_for(f"captioner runs on http://127.0.0.1:{first + 3}")
        captions = {run.wait_for("  onnx  ") for _ in local_storage.SAMPLES}
        assert len(captions) == len(local_storage.SAMPLES)
        sidecar = requests.get(
            f"http://127.0.0.1:{first + 3}/api/captions/rocket.jpg", timeout=DEADLINE_S
        ).json()
        assert sidecar["captions"][0]["text"] in "".join(captions)
        run.process.send_signal(ending)
        assert run.wait_for_end() == 0
    assert all(is_free(first + each) for each in range(4))


def test_samples_are_captioned_where_event_grid_is_to_tell_of_them(checkout: Path) -> None:
    first = free_ports(4)
    with started(checkout, first + 3, first, source="event-grid") as run:
        for _ in local_storage.SAMPLES:
            run.wait_for("  onnx  ")
        run.process.send_signal(signal.SIGINT)
        assert run.wait_for_end() == 0


def test_a_port_in_use_stops_it_before_it_starts_anything(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(checkout, port, free_ports(3)) as run:
            run.wait_for(f"make start PORT={port + 1}")
            assert run.wait_for_end() == 1
    assert not (checkout / ".azurite").exists()


def test_azurites_port_in_use_is_told(checkout: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(checkout, free_ports(1), port) as run:
            run.wait_for("make start AZURITE_PORT=")
            assert run.wait_for_end() == 1
