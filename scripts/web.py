"""Checks of what browsers get: Biome for style, TypeScript for types, axe-core for accessibility.

`python -m scripts.web install` installs them by npm in tools/web, `check` checks style and types,
`fix` mends the style.
"""

import argparse
import subprocess
import sys
from pathlib import Path

from scripts import node
from scripts.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tools" / "web"
AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
_BIOME = FOLDER / "node_modules" / "@biomejs" / "biome" / "bin" / "biome"
_TSC = FOLDER / "node_modules" / "typescript" / "bin" / "tsc"
_CHECKED = ("captioner/web", "captioner/api")


def main() -> None:
    parser = argparse.ArgumentParser(description="Check what browsers get.")
    parser.add_argument("what", choices=["install", "check", "fix"])
    what = parser.parse_args().what
    try:
        if what == "install":
            node.install(FOLDER, "what checks the gallery's page")
        else:
            check_style(ROOT, mend=what == "fix")
            check_types()
    except SetupError as fault:
        sys.exit(str(fault))


def check_style(root: Path, *, mend: bool = False) -> None:
    """Check the style of a tree, or mend what can be; raises `SetupError` where it is wrong."""
    options = ("--error-on-warnings", *(["--write"] if mend else []), *_CHECKED)
    _run(root, _BIOME, "check", f"--config-path={FOLDER / 'style.json'}", *options)


def check_types() -> None:
    """Check the types that the page's modules tell; raises `SetupError` where they are wrong."""
    _run(ROOT, _TSC, "--project", FOLDER)


def _run(root: Path, program: Path, *arguments: str | Path) -> None:
    if not program.exists():
        raise SetupError("Biome and TypeScript are not installed: run `make lint`.")
    if subprocess.run([node.find(), program, *arguments], cwd=root, check=False).returncode:
        raise SetupError(
            "What browsers get is not as it should be, see above; "
            "`.venv/bin/python -m scripts.web fix` mends what is only a matter of style."
        )


if __name__ == "__main__":
    main()
