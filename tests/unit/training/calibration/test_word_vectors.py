from pathlib import Path

import numpy as np

from training.calibration.word_vectors import LEAST_CAPTIONS, usage, word_vectors, write_vectors

# Of each picture two people speak, each with one of two words for the same thing.
PICTURES = [
    (f"a {one} near the {place}", f"the {other} at a {place}")
    for one, other, place in (
        ("man", "guy", "river"),
        ("guy", "man", "street"),
        ("man", "man", "bridge"),
        ("guy", "guy", "river"),
        ("dog", "puppy", "bridge"),
        ("puppy", "dog", "street"),
        ("dog", "dog", "river"),
        ("puppy", "puppy", "street"),
    )
    for _ in range(LEAST_CAPTIONS)
]


def test_usage_counts_who_says_what_of_which_picture() -> None:
    found = usage([("a dog runs", "the dogs"), ("a dog",)] * LEAST_CAPTIONS)
    assert found.stems == ("dog", "run")
    assert found.used.sum(axis=0).tolist() == [3 * LEAST_CAPTIONS, LEAST_CAPTIONS]
    assert found.of_picture.sum(axis=1).tolist() == [2, 1] * LEAST_CAPTIONS


def test_rare_words_have_no_vector() -> None:
    assert usage([("a dog", "a cat")] + [("a dog",)] * LEAST_CAPTIONS).stems == ("dog",)


def test_words_that_stand_for_the_same_thing_have_like_vectors() -> None:
    found = usage(PICTURES)
    vectors = word_vectors(found, dimensions=6).astype(float)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    like = vectors @ vectors.T
    place = found.stems.index
    assert like[place("man"), place("guy")] > 0.6
    assert like[place("dog"), place("puppy")] > 0.6
    assert like[place("man"), place("dog")] < 0.3


def test_the_table_is_the_same_every_time(tmp_path: Path) -> None:
    tables = []
    for number in range(2):
        path = tmp_path / f"{number}.npz"
        assert write_vectors(path, PICTURES) == 7
        with np.load(path) as table:
            tables.append((table["stems"].tolist(), table["vectors"]))
    assert tables[0][0] == tables[1][0]
    assert np.array_equal(tables[0][1], tables[1][1])
    assert tables[0][1].dtype == np.int8
