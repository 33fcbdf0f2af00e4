"""Somebody who copies examples out of a document and runs them as they stand."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from captioner.settings import STORAGE_CONNECTION
from scripts.azurite import DEFAULT_CONNECTION
from tests.support.documents import ROOT

USUAL_URL = "http://127.0.0.1:7071"
DEADLINE_S = 600


def lines_of(block: str) -> list[str]:
    """Give the commands of a block for the shell, each in one line."""
    return block.replace("\\\n", " ").splitlines()


@dataclass(frozen=True)
class Reader:
    """Runs examples in a folder, as if the app ran at its usual place with the usual storage."""

    folder: Path
    connection: str
    url: str
    model_dir: Path

    @classmethod
    def in_folder(cls, folder: Path, connection: str, url: str, *, model_dir: Path) -> Self:
        """Put the programs that examples start into the folder, on the Python of the tests."""
        (folder / ".curlrc").write_text("fail\nsilent\nshow-error\n")  # an error is an exit code
        (folder / "bin").mkdir(exist_ok=True)
        for name, arguments in (("captioner", "-m captioner "), ("python", "")):
            command = folder / "bin" / name
            command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments}"$@"\n')
            command.chmod(0o755)
        return cls(folder, connection, url, model_dir)

    def run(self, *command: str) -> str:
        """Run a command, fail with what it said if it fails, and give its output."""
        ours = {
            "CURL_HOME": str(self.folder),
            "MODEL_DIR": str(self.model_dir),
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            STORAGE_CONNECTION: self.connection,
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=os.environ | ours,
            capture_output=True,
            check=False,
            text=True,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def shell(self, line: str) -> str:
        return self.run("sh", "-c", line.replace(USUAL_URL, self.url))

    def python(self, example: str) -> str:
        example = example.replace(USUAL_URL, self.url)
        return self.run(sys.executable, "-c", example.replace(DEFAULT_CONNECTION, self.connection))
