"""Blob paths and queue names with `{…}` in them: captures of a trigger, expressions of a binding.

Grammar as learn.microsoft.com/azure/azure-functions/functions-bindings-expressions-patterns tells;
a brace itself is written twice.
"""

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from devhost.errors import HostError

_TOKEN = re.compile(r"\{\{|\}\}|\{(?P<expression>[^{}]+)\}|(?P<stray>[{}])|[^{}]+")


@dataclass(frozen=True, slots=True)
class Expression:
    """A `{…}` whose value is known only when the function is called."""

    name: str


type Token = str | Expression


def parse_template(text: str, where: str) -> tuple[Token, ...]:
    """Split a path into its literal text and its expressions.

    Raises `HostError` where braces do not match.
    """
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        if match["stray"]:
            raise HostError(f"{where} has braces that do not match: a brace itself is doubled.")
        if match["expression"]:
            tokens.append(Expression(match["expression"]))
        else:
            tokens.append(match[0].replace("{{", "{").replace("}}", "}"))
    return tuple(tokens)


@dataclass(frozen=True, slots=True)
class BlobPattern:
    """The path of a blob trigger: a container, and which of its blobs."""

    container: str
    _names: re.Pattern[str]

    @classmethod
    def parse(cls, path: str, where: str) -> "BlobPattern":
        """Read a path such as `images/{folder}/{name}.jpg`; a container alone means all its blobs.

        Raises `HostError` where the real host would not take it.
        """
        container, _, name = path.partition("/")
        if not container or "{" in container:
            raise HostError(f"{where} must begin with the name of one container, not '{path}'.")
        pattern = "".join(
            f"(?P<{_group(token, where)}>.*)" if isinstance(token, Expression) else re.escape(token)
            for token in parse_template(name, where)
        )
        try:
            return cls(container, re.compile(pattern or ".*", re.DOTALL))
        except re.error:
            raise HostError(f"{where} captures the same name twice in '{path}'.") from None

    def captures(self, name: str) -> dict[str, str] | None:
        """Give what the pattern captures of a blob's name, or None where it does not match."""
        match = self._names.fullmatch(name)
        return match.groupdict() if match else None


def _group(token: Expression, where: str) -> str:
    if not token.name.isidentifier():
        raise HostError(f"{where}: '{{{token.name}}}' is not a name that a path can capture.")
    return token.name


def render(tokens: tuple[Token, ...], data: Mapping[str, Any], where: str) -> str:
    """Put values in the place of expressions; `data` is what the trigger knows.

    Raises `HostError` where a value is not there.
    """
    return "".join(
        token if isinstance(token, str) else _value(token.name, data, where) for token in tokens
    )


def _value(name: str, data: Mapping[str, Any], where: str) -> str:
    lowered = name.lower()
    if lowered in ("rand-guid", "sys.randguid"):
        return str(uuid.uuid4())
    if lowered in ("datetime", "sys.utcnow"):
        return datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")
    value: Any = data
    for step in name.split("."):
        known = {key.lower(): each for key, each in value.items()} if _is_mapping(value) else {}
        if step.lower() not in known:
            raise HostError(f"{where} refers to {{{name}}}, which the trigger does not know.")
        value = known[step.lower()]
    return value if isinstance(value, str) else str(value)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)
