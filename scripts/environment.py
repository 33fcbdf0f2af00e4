"""Makes `.venv` and keeps what is in it as the requirements say: `python -m scripts.environment`.

Uses nothing but the standard library: nothing is installed when it first runs.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import node
from scripts.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
KINDS = {
    "local": "what a local run needs (a minute or two the first time)",
    "training": "what training needs, TensorFlow included (some minutes the first time)",
    "azureml": "what training at Azure Machine Learning needs (some minutes the first time)",
    "dev": "what the tests need, TensorFlow included (some minutes the first time)",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Make .venv and install into it.")
    parser.add_argument("kind", choices=KINDS, help="what for")
    try:
        ensure(parser.parse_args().kind)
    except SetupError as fault:
        sys.exit(str(fault))
    except KeyboardInterrupt:
        sys.exit("\nStopped; the next time goes on from here.")


def ensure(kind: str) -> None:
    """Bring `.venv`, the package itself and Node.js's programs up to date for one kind of use.

    Raises `SetupError`.
    """
    if not _is_current_venv():
        _make_venv()
    _install(kind, KINDS[kind])
    if kind in ("training", "azureml"):
        return
    if not node.on_path():
        _install("node", "Node.js for the storage emulator")
    _run(PYTHON, "-m", "scripts.azurite", otherwise="captioner cannot run without Azurite.")
    if kind == "dev":
        _run(PYTHON, "-m", "scripts.newman", otherwise="The tests cannot run without newman.")
        _run(
            *(PYTHON, "-m", "scripts.autocannon"),
            otherwise="The benchmarks cannot run without autocannon.",
        )
        _run(
            *(PYTHON, "-m", "scripts.exiftool"),
            otherwise="The tests cannot run without ExifTool.",
        )
        _run(
            *(PYTHON, "-m", "scripts.web", "install"),
            otherwise="The page cannot be checked without Biome, TypeScript and axe-core.",
        )


def _is_current_venv() -> bool:
    if not PYTHON.exists():
        return False
    shown = subprocess.run(
        [PYTHON, "-c", "import pip, sys; print(sys.version_info[:2], sys.prefix)"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    return shown.strip() == f"{sys.version_info[:2]} {VENV}"


def _make_venv() -> None:
    print(f"Making .venv with Python {sys.version.split()[0]} …", flush=True)
    shutil.rmtree(VENV, ignore_errors=True)
    _run(
        *(sys.executable, "-m", "venv", VENV),
        otherwise="Python could not make .venv; on Debian and Ubuntu install python3.13-venv.",
    )


def _install(kind: str, what: str) -> None:
    if _is_installed(kind) or (kind == "local" and _is_installed("dev")):
        return
    print(f"Installing {what} …", flush=True)
    pip = (PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check")
    requirements = f"requirements-{kind}.txt"
    _run(
        # Everything is in there, and chosen to go together when it was compiled.
        *(*pip, "--no-deps", "--require-hashes", "--requirement", requirements),
        otherwise=f"pip could not install {requirements}: check the network, then try again.",
    )
    if kind != "node":
        _run(
            *(*pip, "--no-deps", "--no-build-isolation", "--no-index", "--editable", ROOT),
            otherwise="pip could not install captioner itself into .venv.",
        )
    _stamp(kind).write_text(_wanted(kind))


def _is_installed(kind: str) -> bool:
    stamp = _stamp(kind)
    return stamp.exists() and stamp.read_text() == _wanted(kind)


def _stamp(kind: str) -> Path:
    return VENV / f".installed-{kind}"


def _wanted(kind: str) -> str:
    files = (ROOT / f"requirements-{kind}.txt", ROOT / "pyproject.toml")
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _run(*command: str | Path, otherwise: str) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        raise SetupError(otherwise)


if __name__ == "__main__":
    main()
