import numpy as np
import pytest

from captioner.captioning.agreement import agreement
from training.calibration.acceptable import CUT
from training.calibration.agreement import (
    MEASURES,
    acceptances,
    closeness_of,
    correlation,
    overlap,
)
from training.calibration.judgements import Judgement, Judgements

REFERENCES = ("A man plays a guitar.", "a guy with a guitar")
JUDGED = Judgements(
    "choosing",
    tuple(
        Judgement("a.jpg", caption, REFERENCES, mean)
        for caption, mean in (
            ("a man playing guitar", 4.0),
            ("a guy with a drum", 2.0),
            ("a dog on a beach", 1.0),
            ("a man plays the guitar", 3.7),
        )
    ),
)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [("a dog runs", "a dog sits", 4 / 6), ("a dog", "a dog", 1), ("a dog", "cats", 0), ("", "", 0)],
)
def test_plain_overlap(one: str, other: str, expected: float) -> None:
    assert overlap(one, other) == pytest.approx(expected)


def test_a_measure_that_follows_the_experts_correlates_and_its_opposite_does_not() -> None:
    means = {each.caption: each.mean for each in JUDGED.every}
    right = correlation(JUDGED, lambda text, _: means[text])
    assert (right.spearman, right.kendall) == pytest.approx((1, 1), abs=0.01)
    wrong = correlation(JUDGED, lambda text, _: -means[text])
    assert wrong.spearman == pytest.approx(-1)


def test_the_apps_agreement_is_measured_beside_plain_overlap() -> None:
    assert list(MEASURES.values()) == [agreement, overlap]
    app, plain = (correlation(JUDGED, each).spearman for each in MEASURES.values())
    assert app > plain > 0


def test_acceptance_is_held_against_the_experts_for_each_cut() -> None:
    found = {each.cut: each for each in acceptances(closeness_of(JUDGED), JUDGED.accepted)}
    assert CUT in found
    assert found[CUT].kappa == pytest.approx(1)
    assert found[CUT].share == pytest.approx(0.5)


def test_agreement_beyond_chance_is_cohens() -> None:
    close = np.array([0.9] * 40 + [0.1] * 10 + [0.9] * 20 + [0.1] * 30)
    accepted = np.array([True] * 50 + [False] * 50)
    (found,) = (each for each in acceptances(close, accepted) if each.cut == CUT)
    assert found.kappa == pytest.approx(0.4)  # 70 % alike, 50 % by chance


def test_all_of_one_sort_is_no_agreement() -> None:
    (found, *_) = acceptances(np.ones(3), np.ones(3, np.bool_))
    assert found.kappa == 0
