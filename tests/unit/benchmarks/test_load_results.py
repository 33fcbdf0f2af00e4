"""How memory's growth is told from its noise, and how few samples tell of many."""

import numpy as np
import pytest

from benchmarks.load_results import Slope, Step, thinned

CAPTIONS = list(range(10_000, 20_000, 50))


def test_growth_is_told_for_each_thousand_captions() -> None:
    grown = [300 + number / 1000 * 2 for number in CAPTIONS]

    slope = Slope.of(CAPTIONS, grown)

    assert slope.mib == pytest.approx(2, abs=0.01)
    assert slope.low <= slope.mib <= slope.high


@pytest.mark.parametrize("seed", range(5))
def test_a_leak_of_a_kilobyte_a_caption_is_told_from_noise(seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0, 1, len(CAPTIONS))
    leaking = [300 + number / 1000 + each for number, each in zip(CAPTIONS, noise, strict=True)]

    slope = Slope.of(CAPTIONS, leaking)

    assert slope.low > 0
    assert slope.low < 1 < slope.high


def test_memory_that_stays_where_it_is_does_not_grow() -> None:
    slope = Slope.of(CAPTIONS, [300.0] * len(CAPTIONS))

    assert (slope.mib, slope.low, slope.high) == (0, 0, 0)


@pytest.mark.parametrize(("count", "most"), [(5, 10), (10, 10), (1000, 10), (11, 10)])
def test_thinned_values_keep_both_ends(count: int, most: int) -> None:
    values = thinned(range(count), most)

    assert (values[0], values[-1]) == (0, count - 1)
    assert len(values) == min(count, most)
    assert list(values) == sorted(set(values))


def test_a_step_tells_answers_from_refusals() -> None:
    step = Step(
        clients=100,
        seconds=2.0,
        statuses={200: 30, 429: 60, 503: 10},
        retry_after={503: 10},
        broken=0,
        p50=1.0,
        p95=2.0,
        p99=3.0,
        app_cpu_s=1.5,
        generator_cpu_s=0.5,
        again_ms=9.0,
    )

    assert (step.answered, step.refused, step.a_second) == (30, 70, 15)
    assert step.cpu_ms == 50
