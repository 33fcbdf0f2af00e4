import numpy as np
import pytest

from training.thresholds import best_tag_limit, novelty_limit, shown_things

TAGS = ("ball", "dog")


def test_a_picture_shows_what_two_of_its_captions_name() -> None:
    references = {
        "a.jpg": ("A dog and its ball .", "Two dogs .", "It runs ."),
        "b.jpg": ("A ball .", "The ball .", "A dog .", "A dog and a dog ."),
        "c.jpg": ("A man .", "A man ."),
    }
    expected = [[False, True], [True, True], [False, False]]
    assert shown_things(references, TAGS).tolist() == expected


def test_the_threshold_has_the_best_f1_over_all_tags() -> None:
    chances = np.array([[0.9, 0.62], [0.31, 0.1], [0.3, 0.58]], np.float32)
    shown = np.array([[True, True], [False, False], [False, True]])
    limit = best_tag_limit(chances, shown)
    assert 0.31 < limit.threshold <= 0.58
    assert (limit.f1, limit.precision, limit.recall) == (1, 1, 1)


def test_precision_is_traded_for_recall_where_both_cannot_be_had() -> None:
    """At 0.5, both of the true ones and one false one; above, one of two; below, two false ones."""
    chances = np.array([[0.9, 0.5], [0.5, 0.2]], np.float32)
    shown = np.array([[True, True], [False, False]])
    limit = best_tag_limit(chances, shown)
    assert 0.2 < limit.threshold <= 0.5
    assert limit.as_metrics() == {
        "threshold": limit.threshold,
        "f1": 0.8,
        "precision": 0.667,
        "recall": 1.0,
    }


def test_what_shows_nothing_is_told_nothing_right() -> None:
    limit = best_tag_limit(np.zeros((2, 2), np.float32), np.zeros((2, 2), np.bool_))
    assert (limit.f1, limit.precision, limit.recall) == (0, 0, 0)


def test_one_usual_picture_in_twenty_is_strange() -> None:
    novelty = np.linspace(0, 1, 201).astype(np.float32)
    limit = novelty_limit(novelty)
    assert (novelty > limit).mean() == pytest.approx(0.05, abs=0.005)
