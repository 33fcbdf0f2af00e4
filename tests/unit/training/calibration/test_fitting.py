import numpy as np
import pytest
from numpy.typing import NDArray

from captioner.model.confidence import Evidence
from captioner.model.decoding import Hypothesis
from training.calibration.fitting import ACCEPTABLE_UNREAD, CalibrationError, fit, review_threshold

RANDOM = np.random.default_rng(7)
COUNT = 2000


def evidence(log_prob: float, support: float, novelty: float) -> Evidence:
    caption = Hypothesis((4, 5), (log_prob,) * 3, log_prob)
    return Evidence(caption, [], [support], support, novelty)


def drawn(
    weight_of_support: float = 2.0, weight_of_novelty: float = 0.0
) -> tuple[list[Evidence], NDArray[np.bool_], NDArray[np.float64]]:
    """Draw captions, which of them are acceptable, and the chance that they had."""
    log_probs, supports = RANDOM.normal(-1, 0.2, COUNT), RANDOM.uniform(0, 1, COUNT)
    novelties = RANDOM.uniform(0, 1, COUNT)
    logits = 5 * (log_probs + 1) + weight_of_support * (supports - 0.5)
    logits += weight_of_novelty * (novelties - 0.5)
    chances = 1 / (1 + np.exp(-logits))
    every = [evidence(*each) for each in zip(log_probs, supports, novelties, strict=True)]
    return every, RANDOM.uniform(0, 1, COUNT) < chances, chances


def test_the_chances_are_found_again() -> None:
    every, acceptable, chances = drawn()
    fitted = fit(every, acceptable, {"tags", "novelty"})
    found = np.array([fitted.calibration.chance(each) for each in every])
    assert np.abs(found - chances).mean() < 0.04
    assert np.abs(fitted.held_out - chances).mean() < 0.04
    assert not np.array_equal(found, fitted.held_out)


def test_features_of_what_the_encoder_does_not_tell_are_left_out() -> None:
    every, acceptable, _ = drawn(weight_of_novelty=-3.0)
    assert fit(every, acceptable, set()).calibration.reads == set()
    assert fit(every, acceptable, {"novelty"}).calibration.reads == {"novelty"}
    assert fit(every, acceptable, {"tags", "novelty"}).calibration.reads == {"tags", "novelty"}


def test_features_that_are_always_the_same_or_never_there_are_left_out() -> None:
    every, acceptable, _ = drawn()
    names = fit(every, acceptable, {"tags"}).calibration.features
    assert "mean_log_prob" in names
    assert not {"words", "margin"} & set(names)


def test_weights_point_where_reason_says() -> None:
    """Here chance has it that novel pictures get the better captions: that is not learnt."""
    every, acceptable, _ = drawn(weight_of_support=-3.0, weight_of_novelty=3.0)
    names = fit(every, acceptable, {"tags", "novelty"}).calibration.features
    assert not {"novelty", "tag_support", "tags_named"} & set(names)


def test_captions_from_the_threshold_on_are_acceptable_often_enough() -> None:
    every, acceptable, _ = drawn()
    fitted = fit(every, acceptable, {"tags"})
    unread = fitted.held_out >= fitted.calibration.review_threshold
    assert 0.05 < unread.mean() < 0.95
    assert acceptable[unread].mean() == pytest.approx(ACCEPTABLE_UNREAD, abs=0.01)


@pytest.mark.parametrize(
    ("confidences", "acceptable", "threshold"),
    [
        ([0.9, 0.8, 0.2], [True, True, True], 0.2),
        ([0.9, 0.8, 0.7, 0.6, 0.5], [True, True, True, False, False], 0.6),
        ([0.9, 0.8], [False, False], 1.0),
        ([0.4, 0.9], [True, False], 1.0),
    ],
)
def test_the_threshold_is_the_lowest_that_does(
    confidences: list[float], acceptable: list[bool], threshold: float
) -> None:
    assert review_threshold(np.array(confidences), np.array(acceptable)) == threshold


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_captions_of_one_sort_teach_nothing(share: float) -> None:
    every, acceptable, _ = drawn()
    with pytest.raises(CalibrationError, match="at least 3 that are and 3 that are not"):
        fit(every, np.full(len(acceptable), bool(share)), set())
