"""What people type, whatever it is."""

import pytest

from captioner.errors import InvalidQuery
from captioner.search import parse
from captioner.search.words import stems_of


def shown(text: str) -> list[str]:
    return [term.shown for term in parse(text).terms]


def test_words_that_only_hold_a_sentence_together_are_left_out() -> None:
    assert shown("a man sitting on a bench with an instrument") == [
        "man",
        "sitting",
        "bench",
        "instrument",
    ]


def test_where_there_is_nothing_else_they_count() -> None:
    assert shown("on the") == ["on", "the"]


def test_a_phrase_is_words_side_by_side_and_required() -> None:
    (phrase, word) = parse('"Red CARS" street').terms

    assert (phrase.stems, phrase.required) == (("red", "car"), True)
    assert (word.stems, word.required) == (("street",), False)


def test_a_phrase_that_is_not_closed_is_words() -> None:
    assert not any(term.required for term in parse('"red car').terms)


def test_typographic_quotation_marks_quote() -> None:
    assert parse("\u201cred car\u201d").terms[0].required


def test_a_star_asks_for_a_beginning() -> None:
    (term,) = parse("Guit*").terms

    assert (term.stems, term.prefix) == (("guit",), True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("two dogs running", "2 dog runs"),
        ("women", "woman"),
        ("CAFÉ", "cafe"),
        ("Straße", "strasse"),
        ("a man's hat", "man hat s a"),
        ("Zürich", "Zu\u0308rich"),
        ("शांति", "शा\u0902ति"),
        ("\uff46\uff55\uff4c\uff4c", "full"),
    ],
)
def test_forms_of_a_word_are_one(one: str, other: str) -> None:
    assert set(stems_of(one)) == set(stems_of(other))


@pytest.mark.parametrize("word", ["हिन्दी", "ಕನ್ನಡ", "สวัสดี", "שָׁלוֹם", "مُحَمَّد", "Zu\u0308rich"])
def test_marks_of_a_letter_do_not_part_a_word(word: str) -> None:
    assert len(stems_of(word)) == 1


def test_chinese_and_japanese_are_found_by_their_characters() -> None:
    (term,) = parse("写真").terms

    assert term.stems == ("写", "真")
    assert stems_of("古い写真 cat") == ["古", "い", "写", "真", "cat"]


@pytest.mark.parametrize(
    "text",
    ["", "   ", '"', '""""', '" "', "*", "***", "- + ( ) : ^", "🎸", "\x00", "!?", "\u200b\ufeff"],
)
def test_what_holds_no_word_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="no word"):
        parse(text)


@pytest.mark.parametrize("text", ["x" * 1_001, " ".join(f"w{each}" for each in range(33))])
def test_what_is_far_too_much_is_refused(text: str) -> None:
    with pytest.raises(InvalidQuery, match="at most"):
        parse(text)


def test_the_same_word_twice_counts_once() -> None:
    assert shown("dog dog") == ["dog"]
