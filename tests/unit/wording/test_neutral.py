"""Sentences without words that tell people's sex, their grammar kept."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from captioner.wording import neutral
from captioner.wording.gendered import KEPT, NOUNS, PHRASES, SEXES, gendered_words, nouns
from captioner.wording.pronouns import GENDERED
from captioner.wording.sentence import put_together, take_apart

with (Path(__file__).parent / "sentences.csv").open(newline="", encoding="utf-8") as file:
    SENTENCES = [(row["input"], row["expected"]) for row in csv.DictReader(file)]

# "Groom" may be what somebody does, and `male` and `female` stay with animals.
TOLD = sorted((gendered_words() | GENDERED) - {"groom"})
PLAIN = (
    *("a", "an", "the", "two", "one", "several", "and", "or", "is", "are", "has", "wears", "runs"),
    *("watches", "old", "young", "smiling", "in", "of", "to", "next", "behind", "with", "hat"),
    *("dogs", "player", "tennis", "horse", "quickly", "as", "not", "police", "fire", "'s", "'"),
    *(",", ".", "-", "/", '"', "?"),
)
texts = st.lists(st.sampled_from([*TOLD, *PLAIN]), max_size=12).map(" ".join)
marked = texts.map(lambda text: re.sub(r" (['\-,.?])", r"\1", text))


def words_of(text: str) -> set[str]:
    return {token.lower for token in take_apart(text)}


@pytest.mark.parametrize(("given_", "expected"), SENTENCES, ids=[each for each, _ in SENTENCES])
def test_a_sentence(given_: str, expected: str) -> None:
    assert neutral(given_) == expected


def test_there_are_hundreds_of_sentences() -> None:
    assert len(SENTENCES) == len(dict(SENTENCES)) > 300


@pytest.mark.parametrize("text", sorted({each for pair in SENTENCES for each in pair}))
def test_doing_it_twice_changes_nothing(text: str) -> None:
    assert neutral(neutral(text)) == neutral(text)


@given(texts | marked | st.text())
@example("a man\N{RIGHT SINGLE QUOTATION MARK}s hat")
@example("male - and a female")
def test_doing_it_twice_changes_nothing_whatever_it_is_done_to(text: str) -> None:
    once = neutral(text)

    assert neutral(once) == once


@given(st.lists(st.sampled_from(sorted({*TOLD, *PLAIN} - {"horse", "dogs"})), max_size=12))
def test_no_gendered_word_is_left(words: list[str]) -> None:
    left = words_of(neutral(" ".join(words)))

    assert left.isdisjoint(TOLD)


@given(st.text() | st.lists(st.sampled_from(PLAIN)).map(" ".join))
def test_what_tells_nobodys_sex_is_not_touched(text: str) -> None:
    if words_of(text).isdisjoint({*TOLD, "groom"}):
        assert neutral(text) is text


@given(st.text() | marked)
def test_a_sentence_is_put_together_as_it_was(text: str) -> None:
    assert put_together(take_apart(text)) == text


@pytest.mark.parametrize("noun", sorted(nouns()))
def test_every_noun_of_the_table_goes(noun: str) -> None:
    before, after = f"the {noun} is here", neutral(f"the {noun} is here")

    assert after != before
    assert words_of(after).isdisjoint(TOLD)


@pytest.mark.parametrize("phrase", sorted(PHRASES))
def test_every_phrase_of_the_table_goes(phrase: str) -> None:
    assert neutral(f"there is {phrase}") == f"there is {PHRASES[phrase]}"


@pytest.mark.parametrize("phrase", sorted(KEPT))
def test_names_and_things_stay(phrase: str) -> None:
    assert neutral(f"there is {phrase}") == f"there is {phrase}"


@pytest.mark.parametrize("said", sorted({*NOUNS, *PHRASES.values()}))
def test_what_is_said_instead_is_neutral(said: str) -> None:
    assert neutral(said) == said


@pytest.mark.parametrize("sex", sorted(SEXES))
@pytest.mark.parametrize("animal", ["lion", "african elephant", "ducks"])
def test_animals_keep_their_sex(sex: str, animal: str) -> None:
    assert neutral(f"the {sex} {animal} sleeps") == f"the {sex} {animal} sleeps"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a man\N{RIGHT SINGLE QUOTATION MARK}s hat",
            "a person\N{RIGHT SINGLE QUOTATION MARK}s hat",
        ),
        ("a  man\tand his\ndog ", "a  person\tand their\ndog "),
        ("'a man' is written there", "'a person' is written there"),
        ("the 'two men' are gone", "the 'two people' are gone"),
        ("señora y señor", "señora y señor"),
    ],
    ids=["curly apostrophe", "blanks", "quoted", "quoted plural", "another language"],
)
def test_marks_and_blanks_stay(text: str, expected: str) -> None:
    assert neutral(text) == expected
