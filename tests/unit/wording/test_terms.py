"""Terms to be written for others, and terms that no caption may hold."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from captioner.wording import Pairs, clash
from captioner.wording.terms import holds_any, with_preferred


class TestPreferred:
    @pytest.mark.parametrize(
        ("pairs", "text", "expected"),
        [
            ((("sofa", "couch"),), "a dog on a sofa", "a dog on a couch"),
            ((("sofa", "couch"),), "Sofa, SOFA and sofas", "Couch, Couch and sofas"),
            ((("sofa", "couch"),), "the sofa's leg", "the couch's leg"),
            (
                (("dog", "animal"),),
                "a dog, A dog and the dog",
                "an animal, An animal and the animal",
            ),
            ((("elephant", "calf"),), "an elephant", "a calf"),
            (
                (("soccer ball", "football"), ("ball", "globe")),
                "a soccer ball and a ball",
                "a football and a globe",
            ),
            ((("ball", "globe"), ("soccer ball", "football")), "a soccer  ball", "a football"),
            ((("usa", "USA"),), "a map of the usa", "a map of the USA"),
            ((("t-shirt", "shirt"),), "a red t-shirt", "a red shirt"),
            ((("c++", "code"),), "a screen with c++ on it", "a screen with code on it"),
        ],
    )
    def test_whole_words_are_replaced(self, pairs: Pairs, text: str, expected: str) -> None:
        assert with_preferred(text, pairs, articles=True) == expected

    def test_other_languages_have_other_articles(self) -> None:
        pairs = (("cama", "hamaca"),)

        assert with_preferred("va a cama", pairs, articles=False) == "va a hamaca"

    def test_scripts_without_blanks(self) -> None:
        assert with_preferred("白い犬がいる", (("犬", "動物"),), articles=False) == "白い動物がいる"


class TestClash:
    @pytest.mark.parametrize(
        "pairs",
        [
            (("dog", "assistance dog"),),
            (("dog", "hound"), ("hound", "dog")),
            (("large", "big"), ("big dog", "hound")),
            (("dog", "elk"), ("an elk", "a moose")),
            (("dog", "elk"), ("sees an", "views an")),
            (("cup", "tea cup"), ("black tea", "tea")),
            (("犬", "犬科"),),
        ],
    )
    def test_what_would_be_replaced_again_is_found(self, pairs: Pairs) -> None:
        assert clash(pairs) is not None

    def test_the_two_pairs_are_told(self) -> None:
        assert clash((("sofa", "couch"), ("large", "big"), ("big dog", "hound"))) == (2, 3)

    @pytest.mark.parametrize(
        "pairs",
        [
            (),
            (("sofa", "couch"), ("photo", "photograph")),
            (("usa", "USA"),),
            (("a boy", "a child"),),
            (("man on a bench", "person on a bench"),),
        ],
    )
    def test_others_get_along(self, pairs: Pairs) -> None:
        assert clash(pairs) is None

    words = st.sampled_from(["a", "an", "elk", "dog", "big", "old", "hound"])
    terms = st.lists(words, min_size=1, max_size=3).map(" ".join)

    @given(
        st.lists(st.tuples(terms, terms), max_size=3, unique_by=lambda pair: pair[0]).map(tuple),
        st.lists(words, max_size=8).map(" ".join),
    )
    def test_without_clash_doing_it_twice_changes_nothing(self, pairs: Pairs, text: str) -> None:
        assume(clash(pairs) is None)
        once = with_preferred(text, pairs, articles=True)

        assert with_preferred(once, pairs, articles=True) == once


class TestBlocked:
    @pytest.mark.parametrize(
        ("text", "terms"),
        [
            ("a man with a Gun", ("gun",)),
            ("a gun-shaped cake", ("gun",)),
            ("a toy\n gun", ("toy gun",)),
            ("白い犬がいる", ("犬",)),
            ("one, two", ("three", "two")),
        ],
    )
    def test_a_term_is_found(self, text: str, terms: tuple[str, ...]) -> None:
        assert holds_any(text, terms)

    @pytest.mark.parametrize(
        ("text", "terms"),
        [("two guns", ("gun",)), ("a begun race", ("gun",)), ("a toy", ("toy gun",)), ("a", ())],
    )
    def test_parts_of_words_and_of_terms_are_none(self, text: str, terms: tuple[str, ...]) -> None:
        assert not holds_any(text, terms)
