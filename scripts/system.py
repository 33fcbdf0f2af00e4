"""Programs that only the system can bring: Chromium for the gallery's tests, Perl for ExifTool.

`python -m scripts.system` says which are missing and how to install them; with `--install` it
installs them, as root on Debian or Ubuntu. Uses nothing but the standard library.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.errors import SetupError

_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Tell which programs the tests lack.")
    parser.add_argument("--install", action="store_true", help="install them with apt-get")
    wanted = parser.parse_args().install
    lacking = missing()
    try:
        if lacking and wanted:
            install(lacking)
            lacking = missing()
        if lacking:
            raise SetupError(_how_to_install(lacking))
    except SetupError as fault:
        sys.exit(str(fault))


def chromium() -> Path:
    """Find Chromium or Chrome: what CHROMIUM names, else one on PATH; raises `SetupError`."""
    named = os.environ.get("CHROMIUM")
    for name in [named] if named else _BROWSERS:
        if found := shutil.which(name):
            return Path(found)
    if named:
        raise SetupError(f"CHROMIUM names '{named}', which is no program: correct or unset it.")
    raise SetupError(_how_to_install(["chromium"]))


def missing() -> list[str]:
    """Name the Debian packages of what is not there."""
    found = {
        "perl": shutil.which("perl"),
        "chromium": os.environ.get("CHROMIUM") or any(map(shutil.which, _BROWSERS)),
    }
    return [package for package, program in found.items() if not program]


def _how_to_install(packages: list[str]) -> str:
    named = " ".join(packages)
    told = f"The tests need {' and '.join(packages)}: install with `apt-get install {named}`"
    return f"{told}, or set CHROMIUM to a browser's path." if "chromium" in packages else f"{told}."


def install(packages: list[str]) -> None:
    """Install Debian packages; raises `SetupError` where that cannot be done."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        raise SetupError(_how_to_install(packages))
    print(f"Installing {' and '.join(packages)} …", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages],
    ):
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            raise SetupError(f"{done.stdout}`{' '.join(command)}` failed: see above.")


if __name__ == "__main__":
    main()
