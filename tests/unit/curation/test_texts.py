"""What becomes of the text that a person sends."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.curation.texts import LONGEST_TEXT, SEEN, cleaned, publishable
from captioner.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("  A dog \t runs.  ", "A dog runs."),
        ("A dog\r\n\r\nruns\u2028fast\u0085now\vhere", "A dog runs fast now here"),
        ("A\u00a0dog\u3000runs", "A dog runs"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("A\x00 \x1b[31mdog\x7f", "A [31mdog"),
        ("A \x07 dog", "A dog"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("\u2068a\u2069 \u2066b\u2069", "a b"),
        ("\ufeffA dog", "A dog"),
        ("e\x00\u0301", "\u00e9"),
    ],
)
def test_a_text_is_one_line_of_what_can_be_seen(text: str, line: str) -> None:
    assert cleaned(text) == line


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f1eb\U0001f1f7 \u2764\ufe0f",
        "كلبٌ بُنّيّ يركض في الثلج",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "שלום\u200f!",
        '<img src=x onerror=alert(1)> & "quotes"',
        "👍",
        "...",
        "日本語",
    ],
)
def test_every_script_and_emoji_stays_as_it_is(text: str) -> None:
    assert cleaned(text) == text


@pytest.mark.parametrize("text", ["", " \n\t ", "\x00", "\u200b\u200d", "\u202e", "\ufe0f", "\xad"])
def test_a_text_that_cannot_be_seen_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match="empty"):
        publishable(text)


def test_as_many_characters_as_allowed_are_taken_and_no_more() -> None:
    longest = "é" * LONGEST_TEXT
    assert publishable(f"  {unicodedata.normalize('NFD', longest)}\n") == longest
    with pytest.raises(InvalidRequest, match=r"251 characters.* 250 at most"):
        publishable(longest + "e")


@given(st.text())
def test_cleaning_is_done_at_once_and_leaves_one_line(text: str) -> None:
    line = cleaned(text)

    assert cleaned(line) == line
    assert unicodedata.is_normalized("NFC", line)
    assert line.splitlines() in ([], [line])
    assert "  " not in line
    assert line == line.strip()
    # What the API's document promises is what counts.
    assert bool(line) == bool(re.search(SEEN, text))
