"""The page on the devhost leaves no option out and invents none."""

import inspect
import re
from pathlib import Path

from devhost.__main__ import start

PAGE = Path(__file__).resolve().parents[3] / "docs" / "devhost.md"


def test_the_page_tells_of_every_option() -> None:
    options = {f"--{name.replace('_', '-')}" for name in inspect.signature(start).parameters}
    told = set(re.findall(r"--[a-z][a-z-]+", PAGE.read_text()))
    assert told == options | {"--help"}
