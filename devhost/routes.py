"""HTTP routes: which function answers a path, as the Functions host decides it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cmp_to_key
from urllib.parse import unquote_to_bytes

from devhost.errors import HostError
from devhost.route_grammar import GrammarError, Parameter, Segment, parse_segments

_RESERVED = ("admin", "runtime")


@dataclass(frozen=True, slots=True)
class Route:
    """Where one function answers; `methods` empty means every method."""

    function: str
    template: str
    segments: tuple[Segment, ...]
    methods: frozenset[str]

    def match(self, path: str) -> dict[str, str] | None:
        """Give the route values of a decoded path that begins with `/`, or None.

        An optional parameter without a value has no entry.
        """
        found: dict[str, str] = {}
        rest = path[1:]
        for segment in self.segments:
            first = segment[0]
            if isinstance(first, Parameter) and first.catch_all:
                return self._complete(found, first, rest)
            text, _, rest = rest.partition("/")
            values = _match_segment(segment, text)
            if values is None:
                return None
            found |= values
        return found if not rest else None

    def allows(self, method: str) -> bool:
        return not self.methods or method in self.methods

    @staticmethod
    def _complete(found: dict[str, str], last: Parameter, rest: str) -> dict[str, str] | None:
        value = rest or last.default
        if value is None:
            # Constraints of a catch-all see its absence as a value that is not there.
            return found if not last.constraints or last.optional else None
        return found | {last.name: value} if last.accepts(value) else None


def parse_route(
    function: str, template: str, prefix: str = "", methods: Sequence[str] = ()
) -> Route:
    """Read a route template; `prefix` is `extensions.http.routePrefix`.

    Raises `HostError` where the real host would not take it.
    """
    template = template or function  # as the real host does: "" is not a route of its own
    if template.strip("/").lower().startswith(_RESERVED):
        raise _fault(
            function, template, "routes that begin with admin or runtime belong to the host"
        )
    whole = f"{prefix}/{template}" if prefix else template
    if whole.startswith("~") and not whole.startswith("~/"):
        raise _fault(function, template, "it may not begin with '~' unless '/' follows")
    whole = whole.removeprefix("~").removeprefix("/")
    try:
        segments = parse_segments(whole)
    except GrammarError as fault:
        raise _fault(function, template, str(fault)) from None
    return Route(function, whole, segments, frozenset(each.upper() for each in methods))


def order(routes: Sequence[Route]) -> list[Route]:
    """Sort routes as the Functions host does: literal before parameter, longer before shorter."""
    return sorted(routes, key=cmp_to_key(_compare))


def refuse_conflicts(routes: Sequence[Route]) -> None:
    """Raise `HostError` where two functions have the same route and a method in common."""
    for number, route in enumerate(routes):
        for other in routes[:number]:
            same = route.template.strip("/").lower() == other.template.strip("/").lower()
            if same and (not route.methods or not other.methods or route.methods & other.methods):
                raise _fault(
                    route.function,
                    route.template,
                    f"function '{other.function}' has the same route; give them different routes "
                    "or different methods",
                )


def decode_path(raw: str) -> str:
    """Decode the percent-encoding of a path as Kestrel does: `%2F` stays as it is."""
    pieces = re.split("(%2[fF])", raw)
    for number in range(0, len(pieces), 2):
        data = unquote_to_bytes(pieces[number])
        try:
            pieces[number] = data.decode()
        except UnicodeDecodeError:
            continue  # what is not UTF-8 stays encoded
    return "".join(pieces)


def _match_segment(segment: Segment, text: str) -> dict[str, str] | None:
    """Give the values of one segment, or None where it does not match."""
    if len(segment) == 1:
        part = segment[0]
        if isinstance(part, str):
            return {} if part.lower() == text.lower() else None
        return _match_parameter(part, text)
    return _match_mixed(segment, text)


def _match_parameter(part: Parameter, text: str) -> dict[str, str] | None:
    value = text or part.default
    if not value:
        return {} if part.optional else None
    return {part.name: value} if part.accepts(value) else None


def _match_mixed(segment: Segment, text: str) -> dict[str, str] | None:
    parameters = [part for part in segment if isinstance(part, Parameter)]
    pattern = "".join(re.escape(part) if isinstance(part, str) else "(.+)" for part in segment)
    match = re.fullmatch(pattern, text, re.IGNORECASE | re.DOTALL)
    last = segment[-1]
    if match is None and isinstance(last, Parameter) and last.optional:
        # `{file}.{extension?}`: the dot goes with the extension.
        return _match_segment(segment[:-2], text)
    if match is None:
        return None
    found = dict(zip((part.name for part in parameters), match.groups(), strict=True))
    fits = all(part.accepts(found[part.name]) for part in parameters)
    return found if fits else None


def _compare(one: Route, other: Route) -> int:
    for mine, theirs in zip(one.segments, other.segments, strict=False):
        first, second = mine[0], theirs[0]
        if isinstance(first, str) != isinstance(second, str):
            return -1 if isinstance(first, str) else 1
        if isinstance(first, Parameter) and isinstance(second, Parameter):
            difference = len(second.constraints) - len(first.constraints)
        else:
            difference = (str(first).lower() > str(second).lower()) - (
                str(first).lower() < str(second).lower()
            )
        if difference:
            return difference
    return len(other.segments) - len(one.segments)


def _fault(function: str, template: str, why: str) -> HostError:
    return HostError(f"The route '{template}' of function '{function}' is refused: {why}.")
