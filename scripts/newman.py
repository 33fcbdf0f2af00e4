"""newman, which runs Postman's collections: installed by npm in tools/newman.

`python -m scripts.newman` installs it.
"""

import sys
from pathlib import Path

from scripts import node
from scripts.errors import SetupError

FOLDER = Path(__file__).resolve().parent.parent / "tools" / "newman"
PROGRAM = FOLDER / "node_modules" / "newman" / "bin" / "newman.js"


if __name__ == "__main__":
    try:
        node.install(FOLDER, "newman, which runs Postman's collections")
    except SetupError as fault:
        sys.exit(str(fault))
