"""The Functions host of a local run: Core Tools where they work, else the development host."""

import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from scripts.errors import SetupError

START_TIMEOUT_S = 120.0


def command(port: int, *, verbose: bool = False) -> list[str]:
    """Give the command line of the host that works on this machine."""
    if func := _working_core_tools():
        return [func, "start", "--port", str(port), *(["--verbose"] if verbose else [])]
    quiet = [] if verbose else ["--quiet"]
    return [sys.executable, "-m", "devhost", "--app", ".", "--port", str(port), *quiet]


def environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Give the environment in which Core Tools find the Python of `.venv`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "VIRTUAL_ENV": sys.prefix, "PATH": path, **extra}


def require_free(port: int) -> None:
    """Raise `SetupError` where another program listens on the port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise SetupError(
                f"Port {port} is in use, perhaps by another `make start`: stop that, or take "
                f"another port with: make start PORT={port + 1}"
            ) from None


def wait_until_serving(process: subprocess.Popen[str], port: int, stop: threading.Event) -> None:
    """Wait until the app answers, or until it is asked to stop.

    Raises `SetupError` where the host ends instead, or takes too long.
    """
    deadline = time.monotonic() + START_TIMEOUT_S
    while not stop.wait(0.2) and not _is_serving(port):
        if process.poll() is not None:
            raise SetupError("The host ended before the app was up: see what it printed.")
        if time.monotonic() > deadline:
            raise SetupError(f"The app did not answer within {START_TIMEOUT_S:.0f} s.")


def _is_serving(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/health")
        answer = connection.getresponse()
        return answer.headers.get_content_maintype() == "application"
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _working_core_tools() -> str | None:
    """Find Core Tools that run: npm may leave a `func` that only downloads them."""
    func = shutil.which("func")
    if func is None:
        return None
    try:
        said = subprocess.run(
            [func, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return func if re.match(r"4\.\d+", said.stdout) and said.returncode == 0 else None
