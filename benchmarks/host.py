"""The app under the development host, for benchmarks."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

ROOT = Path(__file__).resolve().parent.parent
LEASE_S = 5
"""How long steps in work stay hidden after a kill; in Azure it is ten minutes."""

_START_S = 300.0
_LOOK_EVERY_S = 0.5


class RunFailed(Exception):
    """The run did not come to what it should."""


class Host:
    """The app under the development host, as a program that may be killed and started again."""

    def __init__(
        self, folder: Path, settings: Mapping[str, str], options: Sequence[str] = ()
    ) -> None:
        self._ready = folder / "ready"
        self._log = folder / "log"
        self._environment = {**os.environ, **settings}
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    @classmethod
    @contextmanager
    def running(
        cls,
        folder: Path,
        connection: str,
        settings: Mapping[str, str],
        options: Sequence[str] = (),
    ) -> Iterator[Self]:
        """Run the app on a storage account for a block of code; it calls nobody else.

        `options` are further ones of the development host.
        Raises `RunFailed` where it does not start.
        """
        (folder / "local.settings.json").write_text('{"IsEncrypted": false}')
        host = cls(
            folder,
            {
                "AzureWebJobsStorage": connection,
                "FUNCTIONS_WORKER_RUNTIME": "python",
                "PYTHONUNBUFFERED": "1",
                "MODEL_DIR": str(ROOT / "models"),
                "VISION_ENDPOINT": "",
                "VISION_KEY": "",
                **settings,
            },
            options,
        )
        try:
            host.start()
            yield host
        finally:
            host.kill()

    def start(self) -> None:
        """Start it and wait until it serves."""
        self._ready.unlink(missing_ok=True)
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "devhost", "--port", "0"),
                    *("--settings", str(self._ready.with_name("local.settings.json"))),
                    *("--ready-file", str(self._ready), "--message-lease", str(LEASE_S)),
                    *self._options,
                ],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        wait_until(self._is_ready, _START_S, "The host did not start")
        self.url = self._ready.read_text().strip()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def memory_mib(self) -> float:
        """What it holds now, host and app in one process."""
        return memory_mib_of(self._running.pid)

    @property
    def cpu_s(self) -> float:
        """The processor time that it has taken since its start."""
        fields = Path(f"/proc/{self._running.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # user, system

    @property
    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RunFailed("The host was not started.")
        return self._process

    @property
    def captioned(self) -> int:
        """How many images it has captioned so far, over all its starts."""
        return self._log.read_text(errors="replace").count("] Captioned '")

    def _is_ready(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RunFailed(f"The host ended at once:\n{self._log.read_text(errors='replace')}")
        return self._ready.exists() and bool(self._ready.read_text())


def memory_mib_of(process: int | str) -> float:
    """Give the resident memory of a process, by its number or as `self`; Linux tells it."""
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    (kib,) = (line.split()[1] for line in status if line.startswith("VmRSS:"))
    return int(kib) / 1024


def wait_until(condition: Callable[[], bool], longest_s: float, what: str) -> None:
    """Wait for a condition; raises `RunFailed`, which says what was awaited."""
    deadline = time.monotonic() + longest_s
    while not condition():
        if time.monotonic() > deadline:
            raise RunFailed(f"{what} within {longest_s:.0f} s.")
        time.sleep(_LOOK_EVERY_S)
