import numpy as np
import pytest

from training.thresholds import best_tag_limit, novelty_limit


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


def test_where_nothing_is_shown_nothing_will_be_told() -> None:
    limit = best_tag_limit(np.full((2, 2), 0.98, np.float32), np.zeros((2, 2), np.bool_))
    assert (limit.threshold, limit.f1, limit.precision, limit.recall) == (1, 0, 0, 0)


def test_one_usual_picture_in_twenty_is_strange() -> None:
    novelty = np.linspace(0, 1, 201).astype(np.float32)
    limit = novelty_limit(novelty)
    assert (novelty > limit).mean() == pytest.approx(0.05, abs=0.005)
