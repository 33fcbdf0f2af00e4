"""The request budget: exact within any minute, fair, and honest about how long it takes."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from captioner.errors import VisionThrottled
from captioner.vision.throttle import Throttle
from tests.support.clock import FakeClock


def throttle_of(requests_per_minute: int, clock: FakeClock) -> Throttle:
    return Throttle(requests_per_minute, clock=clock, sleep=clock.sleep)


def test_nobody_waits_while_the_budget_lasts(clock):
    throttle = throttle_of(3, clock)
    for _ in range(3):
        throttle.acquire(0)
    assert clock.slept == []


def test_a_spent_budget_is_waited_for(clock):
    throttle = throttle_of(2, clock)
    throttle.acquire(0)
    clock.sleep(10)
    throttle.acquire(0)
    throttle.acquire(100)
    assert clock.slept == [10, pytest.approx(50)]


def test_a_wait_beyond_the_patience_raises_at_once_and_says_how_long(clock):
    throttle = throttle_of(1, clock)
    throttle.acquire(0)
    with pytest.raises(VisionThrottled) as raised:
        throttle.acquire(59.9)
    assert raised.value.retry_after == timedelta(seconds=60)
    assert "VISION_REQUESTS_PER_MINUTE" in raised.value.message
    assert clock.slept == []


def test_who_was_turned_away_has_spent_nothing(clock):
    throttle = throttle_of(1, clock)
    throttle.acquire(0)
    for _ in range(5):
        with pytest.raises(VisionThrottled):
            throttle.acquire(1)
    clock.sleep(60)
    throttle.acquire(0)


def test_a_first_request_needs_no_patience(clock):
    throttle_of(1, clock).acquire(-1)


def test_a_hold_stops_everybody_for_its_time(clock):
    throttle = throttle_of(100, clock)
    throttle.hold(7)
    throttle.hold(3)
    with pytest.raises(VisionThrottled) as raised:
        throttle.acquire(6)
    assert raised.value.retry_after == timedelta(seconds=7)
    throttle.acquire(8)
    assert clock.slept == [7]


@given(
    budget=st.integers(1, 5),
    pauses=st.lists(st.floats(0, 90), max_size=40),
)
def test_no_minute_sees_more_requests_than_the_budget(budget, pauses):
    clock = FakeClock()
    throttle = throttle_of(budget, clock)
    sent = []
    for pause in pauses:
        clock.sleep(pause)
        throttle.acquire(float("inf"))
        sent.append(clock())
    for first, beyond in zip(sent, sent[budget:], strict=False):
        assert beyond - first >= 60 - 1e-6


def test_threads_share_one_budget(clock):
    throttle = throttle_of(10, clock)

    def granted(_: int) -> bool:
        try:
            throttle.acquire(0)
        except VisionThrottled:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(granted, range(64))) == 10


def test_threads_that_wait_get_turns_a_window_apart(clock):
    waits = []
    throttle = Throttle(2, clock=clock, sleep=waits.append)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: throttle.acquire(float("inf")), range(6)))
    assert sorted(waits) == [60, 60, 120, 120]
