"""Programs that run beside ours, and end with it."""

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

GRACE_S = 40.0  # the development host gives running functions 30 s


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdout: int | None = None,
) -> Iterator[subprocess.Popen[str]]:
    """Run a program in a session of its own, and end all of that session when the block ends.

    A session of its own keeps the terminal's Ctrl-C from the program, so that we choose the order
    in which things end. Standard error goes where standard output goes.
    """
    process = subprocess.Popen(
        command,
        cwd=cwd,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout is not None else None,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[str]) -> None:
    """Ask a program to end, wait for it, and end by force what is left of its session."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    with suppress(ProcessLookupError, PermissionError):  # macOS refuses where only zombies are left
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def lines_of(process: subprocess.Popen[str]) -> queue.SimpleQueue[str | None]:
    """Give the lines that a program prints, as they come, and None once it has ended."""
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        if process.stdout:
            with process.stdout as output:
                for line in output:
                    lines.put(line)
        lines.put(None)

    threading.Thread(target=read, name="program-output", daemon=True).start()
    return lines
