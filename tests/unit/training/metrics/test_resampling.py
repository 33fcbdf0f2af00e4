import numpy as np
import pytest
from scipy.stats import bootstrap

from training.metrics.resampling import Array, differences, estimates


def mean(sums: Array) -> Array:
    return sums[..., 1:] / sums[..., :1]


def statistics(values: Array) -> Array:
    """A column that counts, and the values."""
    return np.column_stack([np.ones(len(values)), values])


VALUES = np.random.default_rng(3).gamma(2.0, 10.0, 400)


def test_an_interval_is_that_of_scipy() -> None:
    (found,) = estimates(statistics(VALUES), mean)
    theirs = bootstrap((VALUES,), np.mean, n_resamples=4000, method="percentile", rng=0)
    assert found.value == pytest.approx(VALUES.mean())
    width = theirs.confidence_interval.high - theirs.confidence_interval.low
    assert [found.low, found.high] == pytest.approx(theirs.confidence_interval, abs=width / 20)


def test_several_figures_at_once() -> None:
    first, second = estimates(statistics(np.column_stack([VALUES, -VALUES])), mean)
    assert (second.value, second.low, second.high) == (-first.value, -first.high, -first.low)


def test_a_pair_is_told_apart_better_than_two_that_know_nothing_of_each_other() -> None:
    better = VALUES + np.random.default_rng(4).normal(1.0, 2.0, len(VALUES))
    (difference,) = differences(statistics(VALUES), statistics(better), mean)
    assert difference.value == pytest.approx((better - VALUES).mean())
    assert difference.low > 0
    assert difference.doubt == 0
    ours, theirs = (estimates(statistics(each), mean)[0] for each in (better, VALUES))
    assert difference.high - difference.low < (ours.high - theirs.low) / 2


def test_doubt_is_the_same_whichever_comes_first() -> None:
    other = VALUES + np.random.default_rng(5).normal(0.05, 2.0, len(VALUES))
    (forth,) = differences(statistics(VALUES), statistics(other), mean)
    (back,) = differences(statistics(other), statistics(VALUES), mean)
    assert forth.doubt == back.doubt > 0.01
    assert forth.value == -back.value
