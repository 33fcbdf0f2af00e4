"""Words without endings, and which of them carry meaning."""

import pytest

from captioner.lexicon import MODIFIERS, content_of, stem_of


@pytest.mark.parametrize(
    "forms",
    [
        "dog dogs",
        "bench benches",
        "puppy puppies",
        "grass grasses",
        "bus buses",
        "run runs running ran",
        "jump jumps jumping jumped",
        "ride rides riding rode",
        "swim swims swimming",
        "sit sits sitting sat",
        "man men",
        "child children kid kids",
        "person people persons",
        "tree trees",
        "horse horses",
    ],
)
def test_forms_of_a_word_have_one_stem(forms: str) -> None:
    assert len({stem_of(word) for word in forms.split()}) == 1


@pytest.mark.parametrize(
    "words", ["sing ring", "bed red", "bus boss", "dress cross", "cat cats-eye"]
)
def test_short_words_keep_what_tells_them_apart(words: str) -> None:
    first, second = words.split()
    assert stem_of(first) != stem_of(second)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("A man is playing a guitar.", "man play guitar"),
        ("2 dogs, the dog's ball & a T-shirt", "two dog ball t-shirt"),
        ("It isn\u2019t the boys' bike", "boy bik"),
        ("There is a woman in front of the house", "woman hous"),
        ("of the", ""),
        ("", ""),
        ("Ein Hund l\u00e4uft", "ein hund l\u00e4uft"),
    ],
)
def test_content_is_each_word_of_meaning_once(text: str, content: str) -> None:
    assert content_of(text) == tuple(content.split())


def test_colours_and_numbers_are_modifiers_and_things_are_none() -> None:
    assert set(content_of("two red, three grey and a little one")) <= MODIFIERS
    assert not set(content_of("a man plays a guitar on a beach")) & MODIFIERS
