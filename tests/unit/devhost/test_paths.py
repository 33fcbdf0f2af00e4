"""Blob paths and queue names with `{…}` in them."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devhost.errors import HostError
from devhost.paths import BlobPattern, parse_template, render


@pytest.mark.parametrize(
    ("path", "name", "captures"),
    [
        ("images/{name}", "a/b.jpg", {"name": "a/b.jpg"}),
        ("images", "a.jpg", {}),
        ("images/{name}.{extension}", "a.b.jpg", {"name": "a.b", "extension": "jpg"}),
        ("images/{name}.jpg", "a.png", None),
        ("images/in/{name}", "out/a", None),
        ("images/{{20140101}}-{name}", "{20140101}-a", {"name": "a"}),
        ("images/a+b.{x}", "aab.jpg", None),
    ],
)
def test_a_pattern_captures(path: str, name: str, captures: dict[str, str] | None) -> None:
    assert BlobPattern.parse(path, "It").captures(name) == captures


@given(st.text(min_size=1))
def test_a_plain_capture_takes_any_name(name: str) -> None:
    assert BlobPattern.parse("images/{name}", "It").captures(name) == {"name": name}


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("{container}/{name}", "must begin with the name of one container"),
        ("/x", "must begin with the name of one container"),
        ("images/{name", "braces that do not match"),
        ("images/{a}{a}", "captures the same name twice"),
        ("images/{a-b}", "not a name that a path can capture"),
    ],
)
def test_patterns_that_the_real_host_refuses(path: str, reason: str) -> None:
    with pytest.raises(HostError, match=reason):
        BlobPattern.parse(path, "It")


def rendered(template: str, **data: Any) -> str:
    return render(parse_template(template, "It"), data, "It")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("captions/{name}.json", "captions/a/b.jpg.json"),
        ("captions/{NAME}", "captions/a/b.jpg"),
        ("{{{name}}}", "{a/b.jpg}"),
        ("by/{user.id}", "by/7"),
    ],
)
def test_expressions_give_way_to_what_the_trigger_knows(template: str, text: str) -> None:
    assert rendered(template, name="a/b.jpg", user={"Id": 7}) == text


def test_a_random_guid_is_another_each_time() -> None:
    first, second = rendered("{rand-guid}"), rendered("{rand-guid}")
    assert re.fullmatch("[0-9a-f-]{36}", first)
    assert first != second


def test_the_present_time_can_be_part_of_a_name() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ", rendered("{DateTime}"))


def test_what_the_trigger_does_not_know_is_refused() -> None:
    with pytest.raises(HostError, match=r"It refers to \{other\}"):
        rendered("{other}", name="a")
