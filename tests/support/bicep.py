"""The Bicep files, parsed: there is no compiler here, so the tests ask what one would."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pycep import BicepParser

ROOT = Path(__file__).resolve().parent.parent.parent
INFRA = ROOT / "infra"

_COMMENT_OR_STRING = re.compile(r"//[^\n]*|'(?:\\.|[^'\\])*'")
_INTERPOLATION = re.compile(r"\$\{((?:[^{}']|'[^']*')*)\}")
_KEY = re.compile(r"(^|\{)\s*\w+\s*:", re.MULTILINE)
_DECLARED = re.compile(
    r"^(?:metadata|param|var|resource|module|output)\s+\w+(?:\s+\w+)?", re.MULTILINE
)
# At the root of an expression: no member of something and no call.
_NAME = re.compile(r"(?<![\w.@#])([A-Za-z_]\w*)\b(?!\s*\()")
_KEYWORDS = frozenset(
    {"targetScope", "metadata", "param", "var", "resource", "module", "output", "existing"}
    | {"if", "for", "in", "true", "false", "null", "string", "int", "bool", "object", "array"}
)


@dataclass(frozen=True)
class Module:
    """A module as a file asks for it; `params` with expressions as text."""

    name: str
    source: str
    condition: str | None
    deployment: str
    params: Mapping[str, Any]


class Bicep:
    """One Bicep file; expressions are given as text, `storage.outputs.id`."""

    def __init__(self, path: Path) -> None:
        self.name = str(path.relative_to(INFRA))
        self.text = path.read_text()
        self._parsed: dict[str, Any] = BicepParser().parse(text=self.text)

    def section(self, name: str) -> dict[str, Any]:
        return self._parsed.get(name, {})

    @cached_property
    def modules(self) -> dict[str, Module]:
        return {name: _module(name, node) for name, node in self.section("modules").items()}

    @cached_property
    def required(self) -> set[str]:
        return {
            name for name, node in self.section("parameters").items() if node["default"] is None
        }

    @cached_property
    def outputs(self) -> dict[str, Any]:
        return {name: plain(node["value"]) for name, node in self.section("outputs").items()}

    def variable(self, name: str) -> Any:
        return plain(self.section("variables")[name]["value"])

    def default(self, parameter: str) -> Any:
        return plain(self.section("parameters")[parameter]["default"])

    def description(self, parameter: str) -> str:
        return self._decorator(parameter, "description") or ""

    def _decorator(self, parameter: str, kind: str) -> Any:
        decorators = self.section("parameters")[parameter]["decorators"]
        return next((each["argument"] for each in decorators if each["type"] == kind), None)

    @cached_property
    def declared(self) -> set[str]:
        named = (self.section(each) for each in ("parameters", "variables", "resources", "modules"))
        return {name for section in named for name in section}

    @cached_property
    def code(self) -> str:
        """The text without comments and strings, but with what strings have in `${…}`."""

        def bare(found: re.Match[str]) -> str:
            if found[0].startswith("//"):
                return ""
            return " ".join(_bare_expression(each) for each in _INTERPOLATION.findall(found[0]))

        return _COMMENT_OR_STRING.sub(bare, _flat(self.text))

    @cached_property
    def used(self) -> set[str]:
        """The names that expressions begin with."""
        loops = set(re.findall(r"for \(?(\w+)", self.code)) | set(
            re.findall(r"for \(\w+, (\w+)\)", self.code)
        )
        expressions = _KEY.sub(r"\1", _DECLARED.sub("", self.code))
        return set(_NAME.findall(expressions)) - _KEYWORDS - loops


@cache
def read(name: str) -> Bicep:
    """Give a file by its path below `infra`; it takes a moment to parse, so it is kept."""
    return Bicep(INFRA / name)


def names() -> list[str]:
    """Give the paths of all files below `infra`."""
    return sorted(str(path.relative_to(INFRA)) for path in INFRA.rglob("*.bicep"))


def files() -> list[Bicep]:
    return [read(name) for name in names()]


def plain(node: Any) -> Any:
    """Give a parsed value with every expression as text; objects and lists stay such."""
    match node:
        case {"operator": {"type": kind, "operands": operands}}:
            return _operation(kind, operands)
        case {"function": {"type": "union", "parameters": parameters}}:
            return {"union": [plain(each) for each in parameters.values() if each is not None]}
        case {"function": {"type": kind, "parameters": parameters}}:
            given = (plain(each) for each in parameters.values() if each is not None)
            return f"{kind}({', '.join(map(str, given))})"
        case dict():
            return {key.strip("'"): plain(value) for key, value in node.items()}
        case list():
            return [plain(each) for each in node]
    return node


def _operation(kind: str, operands: Mapping[str, Any]) -> Any:
    match kind:
        case "property_accessor":
            return ".".join(str(plain(each)) for each in operands.values())
        case "index_accessor":
            first, second = map(plain, operands.values())
            return f"{first}[{second}]"
        case "conditional":
            return {
                "if": plain(operands["condition"]),
                "then": plain(operands["true_value"]),
                "else": plain(operands["false_value"]),
            }
    return f"{kind}({', '.join(str(plain(each)) for each in operands.values())})"


def _module(name: str, node: Mapping[str, Any]) -> Module:
    config, condition = node["config"], None
    while "params" not in config:  # in a condition, a loop or both
        condition = plain(config.get("condition", condition))
        config = config["config"]
    return Module(
        name=name,
        source=node["detail"]["full"],
        condition=condition,
        deployment=str(plain(config["name"])),
        params={key: plain(value) for key, value in config["params"].items()},
    )


def leaves(node: Any) -> Iterator[Any]:
    """Give every value within a value."""
    match node:
        case dict():
            for each in node.values():
                yield from leaves(each)
        case list():
            for each in node:
                yield from leaves(each)
        case _:
            yield node


def objects(node: Any) -> Iterator[dict[str, Any]]:
    """Give every object within a value, itself first."""
    if isinstance(node, dict):
        yield node
    if isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from objects(each)


def _bare_expression(expression: str) -> str:
    return re.sub(r"'[^']*'", "", expression)


def _flat(text: str) -> str:
    """Resolve strings in the `${…}` of strings, which a pattern cannot follow."""
    return re.sub(
        r"\$\{(listKeys)\('\$\{([\w.]+)\}[^']*', '[^']*'\)([\w.]*)\}", r"${\1(\2)\3}", text
    )
