"""Schedules of timer triggers."""

from datetime import UTC, datetime

import pytest

from devhost.errors import HostError
from devhost.timer import parse_schedule

MONDAY = datetime(2026, 11, 23, 9, 2, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "following"),
    [
        ("0 */5 * * * *", "2026-11-23T09:05:00"),
        ("*/10 * * * * *", "2026-11-23T09:02:40"),
        ("*/5 * * * *", "2026-11-23T09:05:00"),
        ("0 30 8 * * 1-5", "2026-11-24T08:30:00"),
        ("0 0 0 1 Jul *", "2027-07-01T00:00:00"),
        ("0 0 12 * Jan Mon", "2027-01-04T12:00:00"),
        ("00:00:45", "2026-11-23T09:03:15"),
        ("1.00:00:00", "2026-11-24T09:02:30"),
    ],
)
def test_when_a_schedule_is_due_next(schedule: str, following: str) -> None:
    assert parse_schedule(schedule, "It")(MONDAY).isoformat() == f"{following}+00:00"


def test_day_of_month_and_day_of_week_must_both_fit() -> None:
    assert parse_schedule("0 0 0 13 * Fri", "It")(MONDAY).date().isoformat() == "2027-08-13"


@pytest.mark.parametrize(
    "schedule",
    ["", "* * *", "0 0 0 L * *", "0 0 0 ? * 1", "99 * * * * *", "00:00:00", "-1", "soon"],
)
def test_what_ncrontab_does_not_know_is_refused(schedule: str) -> None:
    with pytest.raises(HostError, match="write six NCRONTAB fields"):
        parse_schedule(schedule, "It")
