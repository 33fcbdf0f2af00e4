"""Programs that only a system package can bring."""

import os
import shutil
from pathlib import Path

import pytest


def require_tool(name: str) -> Path:
    """Find a program; without it the test is skipped, or under CI=true fails."""
    if found := shutil.which(name):
        return Path(found)
    reason = f"this check needs {name}, which is not installed"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
