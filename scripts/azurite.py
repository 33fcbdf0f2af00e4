"""Azurite, the storage emulator: installed by npm in tools/azurite, run for a block of code.

    with azurite.running() as storage:
        BlobServiceClient.from_connection_string(storage.connection_string)

`python -m scripts.azurite` installs it.
"""

import os
import queue
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts import node, processes
from scripts.errors import SetupError

FOLDER = Path(__file__).resolve().parent.parent / "tools" / "azurite"
START_TIMEOUT_S = 60.0

# Microsoft publishes this account for every emulator: the key is no secret.
ACCOUNT = "devstoreaccount1"
ACCOUNT_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

_LISTENING = re.compile(r"(Blob|Queue|Table) service is successfully listening at \S+:(\d+)")


class PortInUse(SetupError):
    """Azurite cannot listen where it should."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where Azurite listens on 127.0.0.1; 0 takes any free port."""

    blob: int = 0
    queue: int = 0
    table: int = 0

    @staticmethod
    def from_first(first: int) -> "Ports":
        return Ports(first, first + 1, first + 2)


DEFAULT_PORTS = Ports.from_first(10000)
DEFAULT_CONNECTION = "UseDevelopmentStorage=true"


@dataclass(frozen=True, slots=True)
class Azurite:
    """A storage account that runs on this machine."""

    ports: Ports

    @property
    def connection_string(self) -> str:
        if self.ports == DEFAULT_PORTS:
            return DEFAULT_CONNECTION
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


def install() -> None:
    """Install Azurite as its lock file says, unless that is done already.

    Raises `SetupError`.
    """
    node.install(FOLDER, "Azurite, the storage emulator")


@contextmanager
def running(location: Path | None = None, ports: Ports | None = None) -> Iterator[Azurite]:
    """Run Azurite for a block of code; it listens when the block begins.

    Keeps its data in `location`, or in memory where none is given; takes free ports where none
    are given.
    Raises `PortInUse`, or another `SetupError` where it is not installed.
    """
    entry = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "azurite.js"
    if not entry.exists():
        raise SetupError("Azurite is not installed: run `npm ci` in tools/azurite.")
    ports = ports or Ports()
    command = [
        *(node.find(), entry, "--silent", "--disableTelemetry", "--skipApiVersionCheck"),
        *(["--location", location] if location else ["--inMemoryPersistence"]),
        *("--blobPort", str(ports.blob)),
        *("--queuePort", str(ports.queue)),
        *("--tablePort", str(ports.table)),
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
            raise SetupError(f"Azurite was not ready after {START_TIMEOUT_S:.0f} s.") from None
        if line is None:
            raise _why_it_ended("".join(said))
        said.append(line)
        if match := _LISTENING.search(line):
            found[match[1]] = int(match[2])
    return Ports(found["Blob"], found["Queue"], found["Table"])


def _why_it_ended(output: str) -> SetupError:
    if in_use := re.search(r"EADDRINUSE.*?(\d+)\s*$", output, re.MULTILINE):
        return PortInUse(f"Port {in_use[1]}, where Azurite should listen, is in use.")
    return SetupError(f"Azurite ended at once. It said:\n{output.strip()}")


if __name__ == "__main__":
    try:
        install()
    except SetupError as fault:
        sys.exit(str(fault))
