"""Which words are near in meaning, by the table that the app carries."""

import numpy as np
import pytest

from captioner.lexicon import relatedness, stem_of


def near(one: str, other: str) -> float:
    return float(relatedness([stem_of(one)], [stem_of(other)])[0, 0])


@pytest.mark.parametrize(
    ("word", "nearer", "farther"),
    [
        ("bike", "bicycle", "dog"),
        ("man", "guy", "woman"),
        ("puppy", "dog", "cat"),
        ("snow", "ski", "beach"),
        ("ocean", "sea", "street"),
        ("kid", "boy", "dog"),
    ],
)
def test_synonyms_are_nearer_than_other_words(word: str, nearer: str, farther: str) -> None:
    assert near(word, nearer) > 0.15
    assert near(word, nearer) > 2 * near(word, farther)


def test_every_word_is_nearest_to_itself_known_or_not() -> None:
    words = ["dog", "man", "ballo\u00f1", "\u6a21\u578b"]
    table = relatedness(words, words)
    assert np.diag(table) == pytest.approx(1)
    assert table == pytest.approx(table.T)
    assert np.all((table >= 0) & (table <= 1))
    assert table[2, 3] == 0


def test_the_table_has_a_row_and_a_column_for_each_word() -> None:
    assert relatedness(["dog", "cat"], ["man", "dog", "tree"]).shape == (2, 3)
    assert relatedness(["dog"], []).shape == (1, 0)
