"""Durations as .NET writes them."""

import pytest

from devhost.timespan import Timespan


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:00:30", 30),
        ("01:02:03.5", 3723.5),
        ("1.00:00:00", 86400),
        ("00:05", 300),
        ("-1", float("inf")),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert Timespan.parse(text) == seconds


@pytest.mark.parametrize("text", ["", "30", "24:00:00", "00:60:00", "00:00:60", "1 minute"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        Timespan.parse(text)
