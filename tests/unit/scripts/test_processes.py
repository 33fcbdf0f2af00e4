"""scripts.processes: programs end with the block that runs them, children and all."""

import signal
import subprocess
import sys

import pytest

from scripts import processes

# Its child holds the pipe open that it prints to; the parent does not heed a request to end.
STUBBORN = """
import signal, subprocess, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
print("ready", flush=True)
signal.pause()
"""


def test_a_program_that_ends_when_asked_to() -> None:
    with processes.running([sys.executable, "-c", "import signal; signal.pause()"]) as process:
        assert process.poll() is None
    assert process.returncode == -signal.SIGTERM


def test_a_stubborn_program_and_its_children_are_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE_S", 0.1)
    command = [sys.executable, "-c", STUBBORN]
    with processes.running(command, stdout=subprocess.PIPE) as process:
        lines = processes.lines_of(process)
        assert lines.get(timeout=60) == "ready\n"
    assert process.returncode == -signal.SIGKILL
    assert lines.get(timeout=60) is None


def test_lines_come_as_they_are_printed_and_then_none() -> None:
    command = [sys.executable, "-c", "print('one'); print('two')"]
    with processes.running(command, stdout=subprocess.PIPE) as process:
        lines = processes.lines_of(process)
        assert [lines.get(timeout=60) for _ in range(3)] == ["one\n", "two\n", None]
