"""ExifTool, which reads what the app writes for other programs: installed by npm in tools/exiftool.

`python -m scripts.exiftool` installs it. It is a program in Perl.
"""

import sys
from pathlib import Path

from scripts import node
from scripts.errors import SetupError

FOLDER = Path(__file__).resolve().parent.parent / "tools" / "exiftool"
PROGRAM = FOLDER / "node_modules" / "exiftool-vendored.pl" / "bin" / "exiftool"


if __name__ == "__main__":
    try:
        node.install(FOLDER, "ExifTool, which reads sidecars in the tests")
    except SetupError as fault:
        sys.exit(str(fault))
