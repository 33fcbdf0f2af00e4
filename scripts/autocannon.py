"""autocannon, which asks as many clients at once: installed by npm in tools/autocannon.

`python -m scripts.autocannon` installs it.
"""

import sys
from pathlib import Path

from scripts import node
from scripts.errors import SetupError

FOLDER = Path(__file__).resolve().parent.parent / "tools" / "autocannon"
PROGRAM = FOLDER / "load.js"
"""Plays clients; its first lines tell how it is asked, and what it gives."""


if __name__ == "__main__":
    try:
        node.install(FOLDER, "autocannon, the benchmarks' load generator")
    except SetupError as fault:
        sys.exit(str(fault))
