"""The files around the code: what is installed, deployed and set."""

import ast
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pathspec
import pytest

from captioner.settings import Settings, load_settings, load_storage_connection
from devhost.host_json import read_host_json

ROOT = Path(__file__).resolve().parent.parent.parent
PEER = ROOT / "benchmarks" / "peer_torch.py"
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)", re.MULTILINE)
REQUIREMENTS = sorted(path.name for path in ROOT.glob("requirements*.txt"))
DEPLOYED = {"function_app.py", "host.json", "requirements.txt", "captioner", "models"}
# The rest of scripts/ keeps the README true and runs where the tests run.
MAKE_START = [
    f"scripts/{name}.py"
    for name in (
        *("azurite", "captions", "event_grid", "host", "local_storage", "node", "processes"),
        "start",
    )
]
PLATFORM_SETTINGS = {
    "AzureWebJobsDisableHomepage",
    "AzureWebJobsStorage",
    "FUNCTIONS_WORKER_RUNTIME",
    "PYTHON_THREADPOOL_THREAD_COUNT",
}


def pins(name: str) -> dict[str, str]:
    return {found["name"]: found["version"] for found in PIN.finditer((ROOT / name).read_text())}


def example_values() -> dict[str, str]:
    return json.loads((ROOT / "local.settings.json.example").read_text())["Values"]


def test_the_app_and_a_local_run_install_what_the_tests_ran_with() -> None:
    tested = pins("requirements-dev.txt")
    for name in ("requirements.txt", "requirements-local.txt", "requirements-training.txt"):
        assert pins(name).items() <= tested.items(), name


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-local.txt"])
def test_tensorflow_is_for_training_only(name: str) -> None:
    assert not pins(name).keys() & {"tensorflow", "keras", "tf2onnx"}


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_pin_has_a_hash(name: str) -> None:
    entries = re.split(PIN, (ROOT / name).read_text())[3::3]
    assert entries
    assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_no_requirements_say_where_packages_come_from(name: str) -> None:
    assert "://" not in (ROOT / name).read_text()


@pytest.mark.parametrize("tool", ["autocannon", "azurite", "exiftool", "newman", "web"])
def test_a_lock_of_npm_says_what_packages_are_and_not_where_they_come_from(tool: str) -> None:
    lock = json.loads((ROOT / "tools" / tool / "package-lock.json").read_text())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert packages
    assert all("integrity" in entry for entry in packages.values())
    assert not any("resolved" in entry for entry in packages.values())


def test_only_the_command_line_needs_the_extra_cli() -> None:
    command_line = ROOT / "captioner" / "cli"
    for file in sources("captioner"):
        if not file.is_relative_to(command_line):
            assert not imported_modules(file) & {"click", "rich", "typer"}, file.name


@pytest.mark.parametrize(
    ("requirements", "rooms"),
    [
        ("requirements.txt", ["function_app.py", "captioner"]),
        ("requirements-local.txt", ["function_app.py", "captioner", "devhost", *MAKE_START]),
        ("requirements-training.txt", ["captioner", "training"]),
        (
            "requirements-dev.txt",
            ["benchmarks", "captioner", "devhost", "fuzz", "scripts", "tests", "training"],
        ),
    ],
)
def test_what_is_imported_is_required(requirements: str, rooms: list[str]) -> None:
    distributions = importlib.metadata.packages_distributions()
    required = pins(requirements).keys()
    deployed = requirements == "requirements.txt"
    own = {
        "benchmarks",
        "captioner",
        "devhost",
        "function_app",
        "fuzz",
        "scripts",
        "tests",
        "training",
    }
    for file in sources(*rooms):
        if deployed and "cli" in file.parts:
            continue  # see above
        if file == PEER:
            continue  # see below
        for module in imported_modules(file) - own:
            brought_by = {name.lower().replace("_", "-") for name in distributions.get(module, ())}
            assert brought_by & required, f"{file.name} imports {module}"


def test_what_benchmarks_compare_with_is_required_apart() -> None:
    required = pins("benchmarks/requirements-peers.txt").keys()
    assert imported_modules(PEER) - {"PIL"} <= required
    assert "pillow" in required


def sources(*rooms: str) -> Iterator[Path]:
    for room in rooms:
        path = ROOT / room
        yield from path.rglob("*.py") if path.is_dir() else (path,)


def imported_modules(file: Path) -> set[str]:
    def found() -> Iterator[str]:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield node.module

    return {name.partition(".")[0] for name in found()} - sys.stdlib_module_names


def test_only_the_app_is_deployed() -> None:
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text().splitlines())
    kept = [path for path in ROOT.iterdir() if not ignored.match_file(path.name)]
    assert {path.name for path in kept} == DEPLOYED
    files = {path for folder in kept for path in folder.rglob("*") if path.is_file()}
    deployed = {path for path in files if not ignored.match_file(path.relative_to(ROOT))}
    assert deployed == {path for path in files if path.parent.name != "__pycache__"}


def test_the_example_sets_only_what_something_reads() -> None:
    read = {each.metadata["env"] for each in fields(Settings)} | PLATFORM_SETTINGS
    assert example_values().keys() <= read


def test_the_page_is_in_the_place_of_the_platform_s_own() -> None:
    assert example_values()["AzureWebJobsDisableHomepage"] == "true"


def test_the_example_can_be_run_as_it_is() -> None:
    assert load_settings(example_values()) == Settings()
    connection = load_storage_connection(example_values())
    assert connection.connection_string == "UseDevelopmentStorage=true"


def test_the_host_gets_storage_triggers_and_bare_routes() -> None:
    host = read_host_json(ROOT)
    assert host.extension_bundle is not None
    assert host.extensions.http.route_prefix == ""
