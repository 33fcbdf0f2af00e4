"""Constraints of route parameters, such as `{id:int}`: those that ASP.NET Core has."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Constraint:
    """One condition on a route value."""

    written: str
    accepts: Callable[[str], bool]


def parse_constraint(written: str) -> Constraint:
    """Read a constraint such as `min(1)`.

    Raises `ValueError` with the reason where ASP.NET Core has no such constraint.
    """
    match = re.fullmatch(r"(?P<name>[^()]*)(?:\((?P<arguments>.*)\))?", written, re.DOTALL)
    name = match["name"].lower() if match else ""
    maker = _PLAIN.get(name) if match and match["arguments"] is None else _WITH_ARGUMENTS.get(name)
    if match is None or maker is None:
        raise ValueError(f"there is no constraint '{written}'")
    try:
        accepts = maker(match["arguments"] or "")
    except (ValueError, TypeError, re.error):
        raise ValueError(f"the constraint '{written}' has the wrong arguments") from None
    return Constraint(written, accepts)


type _Maker = Callable[[str], Callable[[str], bool]]


def _pattern(regex: str) -> _Maker:
    compiled = re.compile(regex)
    return lambda _: lambda value: compiled.fullmatch(value) is not None


def _parsable(parse: Callable[[str], object]) -> _Maker:
    def accepts(value: str) -> bool:
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return lambda _: accepts


def _whole(low: int, high: int) -> _Maker:
    def accepts(value: str) -> bool:
        return bool(re.fullmatch(r"\s*[+-]?\d+\s*", value)) and low <= int(value) <= high

    return lambda _: accepts


def _length(arguments: str) -> Callable[[str], bool]:
    low, high = _one_or_two(arguments)
    return lambda value: low <= len(value) <= high


def _range(arguments: str) -> Callable[[str], bool]:
    low, high = (int(each) for each in arguments.split(","))
    return lambda value: _is_long(value) and low <= int(value) <= high


def _min_length(arguments: str) -> Callable[[str], bool]:
    least = int(arguments)
    return lambda value: len(value) >= least


def _max_length(arguments: str) -> Callable[[str], bool]:
    most = int(arguments)
    return lambda value: len(value) <= most


def _min(arguments: str) -> Callable[[str], bool]:
    least = int(arguments)
    return lambda value: _is_long(value) and int(value) >= least


def _max(arguments: str) -> Callable[[str], bool]:
    most = int(arguments)
    return lambda value: _is_long(value) and int(value) <= most


def _regex(arguments: str) -> Callable[[str], bool]:
    compiled = re.compile(arguments, re.IGNORECASE)
    return lambda value: compiled.search(value) is not None


def _one_or_two(arguments: str) -> tuple[int, int]:
    numbers = [int(each) for each in arguments.split(",")]
    if len(numbers) > 2:
        raise ValueError(arguments)
    return numbers[0], numbers[-1]


def _is_file(value: str) -> bool:
    name = value.rsplit("/", 1)[-1]
    return "." in name.rstrip(".")


_is_long = _whole(-(2**63), 2**63 - 1)("")

_NUMBER = _pattern(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

_PLAIN: dict[str, _Maker] = {
    "alpha": _pattern("[A-Za-z]*"),
    "bool": _pattern("(?i:true|false)"),
    "datetime": _parsable(datetime.fromisoformat),
    "decimal": _pattern(r"[+-]?(\d+\.?\d*|\.\d+)"),
    "double": _NUMBER,
    "file": lambda _: _is_file,
    "float": _NUMBER,
    "guid": _parsable(UUID),
    "int": _whole(-(2**31), 2**31 - 1),
    "long": lambda _: _is_long,
    "nonfile": lambda _: lambda value: not _is_file(value),
    "required": lambda _: bool,
}
_WITH_ARGUMENTS: dict[str, _Maker] = {
    "length": _length,
    "max": _max,
    "maxlength": _max_length,
    "min": _min,
    "minlength": _min_length,
    "range": _range,
    "regex": _regex,
}
