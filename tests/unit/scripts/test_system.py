"""scripts.system: programs that only the system can bring are found, asked for, or installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.errors import SetupError
from scripts.system import chromium, install, missing

ROOT = Path(__file__).resolve().parents[3]
APT_GET = """
echo "$@" >>"{calls}"
case "$1" in
install) for name in perl chromium; do cp "{program}" "{folder}/$name"; done;;
esac
"""


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A folder of programs, empty but for `apt-get`, which installs without fetching."""
    folder = tmp_path / "programs"
    folder.mkdir()
    body = APT_GET.format(calls=tmp_path / "calls", program=folder / "sh", folder=folder)
    for name in ("sh", "cp"):
        (folder / name).symlink_to(f"/bin/{name}")
    program(folder, "apt-get", body)
    return folder


@pytest.fixture
def root(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This process is root's, on that machine."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(machine))
    monkeypatch.delenv("CHROMIUM", raising=False)


def program(folder: Path, name: str, body: str = "") -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


def run(machine: Path, *options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.system", *options],
        cwd=ROOT,
        env={"PATH": str(machine), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_missing_is_told_with_what_to_do(machine: Path) -> None:
    done = run(machine)
    assert done.returncode == 1
    assert done.stderr == (
        "The tests need perl and chromium: install with `apt-get install perl chromium`, "
        "or set CHROMIUM to a browser's path.\n"
    )


@pytest.mark.parametrize("name", ["chromium", "chromium-browser", "google-chrome"])
def test_nothing_is_said_where_all_is_there(machine: Path, name: str) -> None:
    program(machine, "perl")
    program(machine, name)
    done = run(machine)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_only_perl_is_asked_for_where_a_browser_is_named(machine: Path) -> None:
    done = run(machine, CHROMIUM=str(program(machine, "my-browser")))
    assert done.stderr == "The tests need perl: install with `apt-get install perl`.\n"


def test_it_installs_what_is_missing(machine: Path, root: None) -> None:
    install(["perl", "chromium"])
    assert (machine.parent / "calls").read_text().splitlines() == [
        "update -qq",
        "install -qq -y --no-install-recommends perl chromium",
    ]
    assert not missing()


def test_without_apt_get_it_says_what_to_do(machine: Path, root: None) -> None:
    (machine / "apt-get").unlink()
    with pytest.raises(SetupError, match="The tests need perl: install with"):
        install(["perl"])


def test_only_root_installs(machine: Path, root: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetupError, match="The tests need perl: install with"):
        install(["perl"])
    assert not (machine.parent / "calls").exists()


def test_an_installation_that_fails_is_told(machine: Path, root: None) -> None:
    program(machine, "apt-get", "echo 'no network'; exit 100")
    with pytest.raises(SetupError, match=r"no network\n`apt-get update -qq` failed"):
        install(["perl"])


def test_a_browser_that_is_named_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = program(tmp_path, "my-browser")
    monkeypatch.setenv("CHROMIUM", str(named))
    assert chromium() == named
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "gone"))
    with pytest.raises(SetupError, match="which is no program"):
        chromium()
