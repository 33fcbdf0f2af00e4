"""What shared access signatures say of themselves."""

from datetime import UTC, datetime

import pytest

from captioner.errors import SasExpired, SasMissing, SasTooNarrow
from captioner.sources.sas import Sas


def test_other_fields_of_the_query_are_left_out() -> None:
    sas = Sas.of("restype=container&comp=list&sv=2025-01-05&sr=c&sp=rl&sig=a%2Bb%3D&x=1")

    assert sas.query == "sv=2025-01-05&sr=c&sp=rl&sig=a%2Bb%3D"
    assert sas.permissions == {"r", "l"}
    assert sas.expires is None
    assert "a%2Bb" not in repr(sas)


@pytest.mark.parametrize(
    ("told", "expires"),
    [
        ("2026-11-23", datetime(2026, 11, 23, tzinfo=UTC)),
        ("2026-11-23T10:05Z", datetime(2026, 11, 23, 10, 5, tzinfo=UTC)),
        ("2026-11-23T10%3A05%3A06Z", datetime(2026, 11, 23, 10, 5, 6, tzinfo=UTC)),
        ("2026-11-23T10:05:06.1234567Z", datetime(2026, 11, 23, 10, 5, 6, 123456, tzinfo=UTC)),
        ("2026-11-23T10:05:06%2B02:00", datetime(2026, 11, 23, 8, 5, 6, tzinfo=UTC)),
    ],
)
def test_when_one_expires(told: str, expires: datetime) -> None:
    assert Sas.of(f"se={told}&sr=c&sp=rl&sig=x").expires == expires


@pytest.mark.parametrize("query", [None, "", "size=l", "sr=c&sp=rl", "sr=c&sp=rl&sig="])
def test_none_is_told(query: str | None) -> None:
    with pytest.raises(SasMissing):
        Sas.of(query)


def test_a_damaged_one_is_told() -> None:
    with pytest.raises(SasMissing, match="damaged"):
        Sas.of("se=tomorrow&sr=c&sp=rl&sig=x")


@pytest.mark.parametrize("kind", ["sr=c", "sr=d&sdd=2", "ss=b&srt=sco", "ss=bfqt&srt=co"])
def test_for_a_container_a_directory_or_the_account(kind: str) -> None:
    Sas.of(f"{kind}&sp=rl&sig=x").require("r", "l")


@pytest.mark.parametrize(
    "kind", ["sr=b", "sr=bs", "sr=bv", "sr=", "x=y", "ss=qf&srt=co", "ss=b&srt=o", "ss=b&srt=c"]
)
def test_for_anything_else_it_is_too_narrow(kind: str) -> None:
    with pytest.raises(SasTooNarrow):
        Sas.of(f"{kind}&sp=rl&sig=x")


def test_all_that_is_missing_is_told() -> None:
    with pytest.raises(SasTooNarrow, match="read and list"):
        Sas.of("sr=c&sp=w&sig=x").require("r", "l")
    with pytest.raises(SasTooNarrow, match="read"):
        Sas.of("sr=c&sig=x").require("r")


def test_a_stored_policy_may_permit_anything() -> None:
    sas = Sas.of("sr=c&si=readers&sig=x")

    assert sas.permissions is None
    sas.require("r", "l", "w")


def test_an_expired_one_is_told_at_any_time() -> None:
    sas = Sas.of("se=2020-01-02&sr=c&sp=rl&sig=x")
    with pytest.raises(SasExpired, match="2020-01-02 00:00"):
        sas.require()
