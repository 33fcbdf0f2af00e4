"""The grammar of route templates: ASP.NET Core's, as far as the Functions host lets it through.

It is told in learn.microsoft.com/aspnet/core/fundamentals/routing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from devhost.constraints import Constraint, parse_constraint

_FORBIDDEN_IN_NAMES = re.compile(r"[{}/?*]")
# A brace doubled is a brace; inside a parameter too, where a regex constraint may need one.
_PART = re.compile(r"(?P<literal>(?:\{\{|\}\}|[^{}])+)|\{(?P<parameter>(?:\{\{|\}\}|[^{}])*)\}")


@dataclass(frozen=True, slots=True)
class Parameter:
    """A `{…}` of a template."""

    name: str
    constraints: tuple[Constraint, ...] = ()
    optional: bool = False
    catch_all: bool = False
    default: str | None = None

    def accepts(self, value: str) -> bool:
        return all(each.accepts(value) for each in self.constraints)


type Part = str | Parameter
type Segment = tuple[Part, ...]


class GrammarError(ValueError):
    """A template is not in the grammar; the message says why, as the end of a sentence."""


def parse_segments(template: str) -> tuple[Segment, ...]:
    """Read a template that begins without a slash.

    Raises `GrammarError`.
    """
    if "//" in template:
        raise GrammarError("'/' may not stand twice in a row")
    segments = tuple(_parse_segment(text) for text in _split(template.removesuffix("/")))
    _check_parameters(segments)
    return segments


def _split(text: str) -> list[str]:
    """Split at the slashes that are not inside a parameter."""
    segments, depth = [""], 0
    for char in text:
        depth += (char == "{") - (char == "}")
        if char == "/" and depth <= 0:
            segments.append("")
        else:
            segments[-1] += char
    return segments if text else []


def _parse_segment(text: str) -> Segment:
    parts: list[Part] = []
    end = 0
    for match in _PART.finditer(text):
        if match.start() != end:
            break
        end = match.end()
        if match["literal"] is not None:
            parts.append(match["literal"].replace("{{", "{").replace("}}", "}"))
        else:
            parts.append(_parse_parameter(match["parameter"]))
    if end != len(text):
        raise GrammarError(f"the braces in '{text}' do not match; a brace itself is doubled")
    for part, following in pairwise(parts):
        _check_neighbours(part, following)
    if any(isinstance(part, str) and "?" in part for part in parts):
        raise GrammarError(f"'?' may not stand in '{text}' outside a parameter")
    if len(parts) > 1 and any(isinstance(part, Parameter) and part.catch_all for part in parts):
        raise GrammarError("a catch-all parameter must be a segment of its own")
    return tuple(parts)


def _check_neighbours(part: Part, following: Part) -> None:
    if isinstance(part, Parameter):
        if isinstance(following, Parameter):
            raise GrammarError("two parameters may not follow each other without text between")
        if part.optional:
            raise GrammarError(f"the optional parameter '{part.name}' must end its segment")
    elif isinstance(following, Parameter) and following.optional and part != ".":
        raise GrammarError(
            f"only '.' may stand before the optional parameter '{following.name}' in a segment"
        )


def _parse_parameter(text: str) -> Parameter:
    text = text.replace("{{", "{").replace("}}", "}")
    stars = len(text) - len(text.lstrip("*"))
    body = text[stars:].removesuffix("?")
    optional = body != text[stars:]
    name = re.split("[:=]", body, maxsplit=1)[0]
    if not name or stars > 2 or _FORBIDDEN_IN_NAMES.search(name):
        raise GrammarError(
            f"'{{{text}}}' has no proper name: '?' may only end and '*' only begin a parameter"
        )
    constraints: list[Constraint] = []
    default = None
    rest = body[len(name) :]
    while rest:
        if rest[0] == "=":
            default = rest[1:]
            break
        written, rest = _take_constraint(rest[1:])
        try:
            constraints.append(parse_constraint(written))
        except ValueError as fault:
            raise GrammarError(str(fault)) from None
    if optional and stars:
        raise GrammarError(f"the catch-all parameter '{name}' may not be optional")
    if optional and default is not None:
        raise GrammarError(f"the optional parameter '{name}' may not have a default value")
    return Parameter(name, tuple(constraints), optional, bool(stars), default)


def _take_constraint(text: str) -> tuple[str, str]:
    """Split off the first constraint; what stands in its parentheses may hold anything."""
    match = re.match(r"[^:=(]*\(.*?\)(?=[:=]|$)", text) or re.match("[^:=]*", text)
    end = match.end() if match else len(text)
    return text[:end], text[end:]


def _check_parameters(segments: Sequence[Segment]) -> None:
    names: set[str] = set()
    for number, segment in enumerate(segments):
        for part in segment:
            if isinstance(part, str):
                continue
            if part.name.lower() in names:
                raise GrammarError(f"the parameter '{part.name}' appears twice")
            names.add(part.name.lower())
            if part.catch_all and number != len(segments) - 1:
                raise GrammarError(
                    f"the catch-all parameter '{part.name}' must be the last segment"
                )
