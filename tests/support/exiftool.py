"""What ExifTool finds in a file: another program's view of what ours has written."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from scripts import exiftool


def tags_in(path: Path) -> dict[str, Any]:
    """Give the tags of a file by their groups and names, such as `XMP-dc:Description-ja`."""
    (tags,) = json.loads(_run("-json", "-groupNames1", path))
    return tags


def complaints(path: Path) -> Sequence[str]:
    """Give what is wrong with a file, by ExifTool's own look through all of it."""
    (found,) = json.loads(_run("-json", "-validate", "-warning", "-error", "-a", path))
    return [text for name, text in found.items() if name in {"Warning", "Error"}]


def write(path: Path, tags: Mapping[str, str]) -> None:
    """Let ExifTool set tags in a file, which makes the file its own."""
    _run("-overwrite_original", *(f"-{name}={text}" for name, text in tags.items()), path)


def _run(*arguments: str | Path) -> str:
    perl = shutil.which("perl")
    if perl is None:
        pytest.fail("ExifTool is a program in Perl: install perl to run this check.")
    if not exiftool.PROGRAM.exists():
        pytest.fail("ExifTool is not installed: run python -m scripts.exiftool.")
    done = subprocess.run(
        [perl, exiftool.PROGRAM, "-config", "", "-charset", "filename=utf8", *arguments],
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
