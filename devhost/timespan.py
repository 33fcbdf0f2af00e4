"""Durations as .NET writes them: `hh:mm:ss`, with days before or fractions after."""

import re
from datetime import timedelta

_TIMESPAN = re.compile(
    r"(?:(?P<days>\d+)\.)?(?P<hours>\d{1,2}):(?P<minutes>\d{1,2})(?::(?P<seconds>\d{1,2}(?:\.\d+)?))?"
)


class Timespan(float):
    """A duration in seconds; `inf` where it is written `-1`."""

    @classmethod
    def parse(cls, text: str) -> "Timespan":
        """Read a duration such as `00:00:30` or `1.02:00:00`.

        Raises `ValueError` for anything else.
        """
        if text == "-1":
            return cls("inf")
        match = _TIMESPAN.fullmatch(text)
        parts = {name: float(each) for name, each in match.groupdict("0").items()} if match else {}
        if not parts or parts["hours"] >= 24 or parts["minutes"] >= 60 or parts["seconds"] >= 60:
            raise ValueError(f"{text!r} is not a duration such as 00:00:30")
        return cls(timedelta(**parts).total_seconds())
