"""scripts/python.sh finds Python 3.13 wherever a machine keeps it."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "python.sh"
SHOW = ("-c", "import sys; print(sys.version_info[:2])")


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs that holds nothing but what the script itself needs."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("grep", "tail"):
        program(programs, name, f'exec /usr/bin/env -i PATH=/usr/bin:/bin {name} "$@"')
    return programs


def program(folder: Path, name: str, body: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(machine: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", SCRIPT, *SHOW],
        cwd=machine.parent,
        env={"PATH": str(machine)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", ["python3.13", "python3", "python"])
def test_python_on_path(machine: Path, name: str) -> None:
    program(machine, name, f'exec "{sys.executable}" "$@"')
    assert run(machine).stdout == "(3, 13)\n"


def test_a_name_that_does_not_run_is_passed_over(machine: Path) -> None:
    program(machine, "python3.13", "exit 127")
    program(machine, "python3", f'exec "{sys.executable}" "$@"')
    assert run(machine).stdout == "(3, 13)\n"


def test_pyenv_that_keeps_python_off_the_path(machine: Path) -> None:
    prefix = machine.parent / "versions" / "3.13.0"
    (prefix / "bin").mkdir(parents=True)
    program(prefix / "bin", "python", f'exec "{sys.executable}" "$@"')
    versions = "printf '3.12.1\\n3.13.0\\n3.13-dev\\n'"
    program(machine, "pyenv", f'[ "$1" = versions ] && {versions} || echo "{prefix}"')
    assert run(machine).stdout == "(3, 13)\n"


def test_uv_that_has_to_fetch_it_first(machine: Path) -> None:
    fetched = machine.parent / "fetched"
    program(
        machine,
        "uv",
        f'case "$2" in find) [ -e "{fetched}" ] && echo "{sys.executable}";; '
        f'install) : >"{fetched}";; esac',
    )
    assert run(machine).stdout == "(3, 13)\n"


def test_a_machine_without_python_313_says_what_to_do(machine: Path) -> None:
    program(machine, "python3", "echo 3 11")
    done = run(machine)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("captioner needs Python 3.13: install it")
