"""The devhost as a program of its own, on a free port, for end-to-end tests.

with DevHost(app_dir, settings={"AzureWebJobsStorage": azurite.connection_string}) as host:
    requests.get(f"{host.url}/api/health", timeout=10)
    host.wait_for_log("Executed 'Functions.on_image' (Succeeded")
"""

import os
import signal
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.waiting import DEADLINE_S, wait_for

REPOSITORY = Path(__file__).resolve().parent.parent.parent

# Looks at containers and queues often enough that tests need not wait for the host's own pace.
SCAN_INTERVAL_S = 0.2
POLL_INTERVAL_S = 0.2


class DevHost:
    """One app under the devhost; start it, look at it, stop or kill it, start it again.

    `app_dir` holds `function_app.py` and `host.json` (the repository itself for the product).
    `settings` are app settings, given as environment variables, which win over
    `local.settings.json`. `arguments` are further options of `python -m devhost`.
    `message_lease_s` is how long a message in work stays hidden after a kill; the real host's
    is 600 s. `writable` is the one folder, for temporary files, below which the app may write;
    anywhere where none is given.

    A host gets an identity of its own, so that receipts and internal queues of hosts that share
    an Azurite stay apart; a restarted one keeps it.
    """

    def __init__(
        self,
        app_dir: Path,
        settings: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        *,
        message_lease_s: float = 600,
        writable: Path | None = None,
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="devhost-")
        self._ready_file = Path(self._folder.name) / "ready"
        self._log_file = Path(self._folder.name) / "log"
        self._command = [
            *(sys.executable, "-m", "devhost", "--app", str(app_dir), "--port", "0"),
            *("--ready-file", str(self._ready_file)),
            *("--blob-scan-interval", str(SCAN_INTERVAL_S)),
            *("--queue-poll-interval", str(POLL_INTERVAL_S)),
            *("--message-lease", str(message_lease_s)),
            *("--settings", str(Path(self._folder.name) / "local.settings.json")),
            *arguments,
        ]
        if writable:
            confined = (sys.executable, "-m", "tests.support.confined")
            self._command[:0] = [*confined, str(writable), self._folder.name, "--"]
        self.host_id = f"test{uuid.uuid4().hex[:24]}"
        # Tests decide what is set: a developer's own settings or shell must not leak in.
        Path(self._folder.name, "local.settings.json").write_text('{"IsEncrypted": false}')
        self._environment = {
            **os.environ,
            "PYTHONPATH": str(REPOSITORY),
            "PYTHONUNBUFFERED": "1",
            "FUNCTIONS_WORKER_RUNTIME": "python",
            "AzureFunctionsWebHost__hostid": self.host_id,
            **({"TMPDIR": str(writable), "HOME": str(writable)} if writable else {}),
            **(settings or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self, *, deadline_s: float = DEADLINE_S) -> None:
        """Start the program and wait until it serves and listens to its triggers.

        Raises `AssertionError` with the log where it ends instead.
        """
        self.spawn()

        def ready() -> str | None:
            if self._require_process().poll() is not None:
                raise AssertionError(f"the devhost ended at once:\n{self.log}")
            return self._ready_file.read_text() if self._ready_file.exists() else None

        try:
            self.url = wait_for(ready, "the devhost to be ready", deadline_s=deadline_s).strip()
        except AssertionError as fault:
            self.kill()
            raise AssertionError(f"{fault}\n{self.log}") from None

    def spawn(self) -> None:
        """Start the program without waiting for it."""
        self._ready_file.unlink(missing_ok=True)
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=REPOSITORY,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, *, by: signal.Signals = signal.SIGTERM, deadline_s: float = DEADLINE_S) -> int:
        """Ask it to end as Ctrl-C or a service manager does; give its exit status."""
        self.signal(by)
        return self.wait(deadline_s=deadline_s)

    def signal(self, which: signal.Signals) -> None:
        self._require_process().send_signal(which)

    def wait(self, *, deadline_s: float = DEADLINE_S) -> int:
        """Wait until it has ended; give its exit status."""
        return self._require_process().wait(deadline_s)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Stop it gracefully and start it again, with the same identity."""
        self.stop()
        self.start()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def log(self) -> str:
        """Everything it has printed so far, over all its starts."""
        return self._log_file.read_text(errors="replace") if self._log_file.exists() else ""

    def wait_for_log(self, text: str, *, times: int = 1, deadline_s: float = DEADLINE_S) -> str:
        """Wait until the log holds the text that often; give the log.

        Raises `AssertionError` with the log when the deadline passes.
        """

        def found() -> str | None:
            log = self.log
            if log.count(text) >= times:
                return log
            if not self.running:
                raise AssertionError("the devhost has ended")
            return None

        try:
            return wait_for(found, f"{text!r} ({times} times) in the log", deadline_s=deadline_s)
        except AssertionError as fault:
            raise AssertionError(f"{fault}\n{self.log}") from None

    def _require_process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise AssertionError("the devhost was never started")
        return self._process

    def close(self) -> None:
        """End it in whatever state it is and remove its files."""
        self.kill()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            # pytest shows what was printed when a test fails.
            sys.stdout.write(self.log)
        self.close()
