"""scripts.host: which host runs, and what is said when it cannot."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from scripts import host
from scripts.errors import SetupError


def install_func(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> Path:
    func = folder / "func"
    func.write_text(f"#!/bin/sh\n{body}\n")
    func.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return func


def test_core_tools_that_work_run_the_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    func = install_func(tmp_path, monkeypatch, "echo 4.5.0")
    assert host.command(7071) == [str(func), "start", "--port", "7071"]
    assert host.command(7071, verbose=True)[-1] == "--verbose"


@pytest.mark.parametrize("body", ["exit 1", "echo downloading…", "echo 4.5.0; exit 3"])
def test_core_tools_that_only_seem_to_be_there_do_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str
) -> None:
    install_func(tmp_path, monkeypatch, body)
    assert host.command(7071)[:3] == [sys.executable, "-m", "devhost"]


def test_the_development_host_runs_where_there_are_no_core_tools(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    loud = ["-m", "devhost", "--app", ".", "--port", "8080"]
    assert host.command(8080)[1:] == [*loud, "--quiet"]
    assert host.command(8080, verbose=True)[1:] == loud


def test_a_port_in_use_names_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(SetupError, match=f"make start PORT={port + 1}"):
            host.require_free(port)
    host.require_free(port)


def test_a_host_that_ends_at_once_is_not_waited_for() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        process = subprocess.Popen([sys.executable, "-c", ""], text=True)
        with pytest.raises(SetupError, match="ended before the app was up"):
            host.wait_until_serving(process, reserved.getsockname()[1], threading.Event())
