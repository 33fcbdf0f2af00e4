from collections import Counter

import pytest

from training.data.splits import split_named, split_of


def test_places_never_change() -> None:
    # Were these to change, images would move from train to test between two runs.
    names = ["a.jpg", "b.jpg", "c.jpg", "attic/mezzetin.jpg", "é.png"]
    assert [split_of(name) for name in names] == ["train", "test", "dev", "dev", "train"]


def test_shares() -> None:
    shares = Counter(split_of(f"image {number}.jpg") for number in range(5000))
    assert shares["train"] == pytest.approx(4000, rel=0.05)
    assert shares["dev"] == pytest.approx(500, rel=0.15)
    assert shares["test"] == pytest.approx(500, rel=0.15)


@pytest.mark.parametrize(
    ("name", "split"),
    [("train", "train"), (" Val", "dev"), ("validation", "dev"), ("TEST", "test"), ("exam", None)],
)
def test_names(name: str, split: str | None) -> None:
    assert split_named(name) == split
