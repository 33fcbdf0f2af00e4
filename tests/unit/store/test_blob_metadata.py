"""Alt text in a blob's metadata, which holds ASCII only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.store import alt_text_in


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("A dog in the snow", "A dog in the snow"),
        ("Ein%20Hund%20l%C3%A4uft", "Ein Hund läuft"),
        ("=?UTF-8?B?RWluIEh1bmQgbMOkdWZ0?=", "Ein Hund läuft"),
        ("=?utf-8?q?Ein_Hund_l=C3=A4uft?=", "Ein Hund läuft"),
        ("=?iso-8859-1?q?l=E4uft?= =?utf-8?q?_weit?=", "läuft weit"),
        ("100% dog, 50 % off", "100% dog, 50 % off"),
        ("%E4 is no UTF-8", "%E4 is no UTF-8"),
        ("=?no-such-charset?q?l=E4uft?=", "=?no-such-charset?q?l=E4uft?="),
        ("=?utf-8é?q?l=E4uft?=", "=?utf-8é?q?l=E4uft?="),
        ("=?utf-8?b?a?=", "=?utf-8?b?a?="),
        ("why=?", "why=?"),
    ],
)
def test_what_is_encoded_is_decoded(value: str, text: str) -> None:
    assert alt_text_in({"author": "me", "alt_text": value}) == text


@pytest.mark.parametrize("key", ["alt_text", "Alt_Text", "ALT_TEXT"])
def test_the_name_is_taken_in_any_case(key: str) -> None:
    assert alt_text_in({key: "A dog"}) == "A dog"


@pytest.mark.parametrize("metadata", [None, {}, {"alttext": "A dog"}])
def test_there_may_be_none(metadata: dict[str, str] | None) -> None:
    assert alt_text_in(metadata) is None


@given(st.text(max_size=60), st.sampled_from(["", "=?utf-8?b?", "=?x?q?"]))
def test_any_value_is_borne(value: str, beginning: str) -> None:
    assert isinstance(alt_text_in({"alt_text": f"{beginning}{value}?="}), str)
