"""What images cost, reckoned by hand for round numbers."""

import msgspec
import pytest

from benchmarks.results import ImageTakes, StorageRequests
from benchmarks.sizing import (
    DAY_S,
    MILLION,
    a_day,
    burst,
    costs,
    instance_seconds,
    instances,
    load_prices,
)

IMAGE = ImageTakes(
    images=10,
    bytes=2_000_000,
    cpu_ms=100.0,
    elapsed_ms=150.0,
    requests=StorageRequests(reads=5, writes=1, queue=0),
    requests_again=StorageRequests(reads=3, writes=1, queue=0),
)
PRICES = load_prices()


def with_prices(**parts):
    return msgspec.structs.replace(PRICES, **parts)


def test_functions_cost_the_memory_of_the_time_that_an_instance_is_busy():
    free = msgspec.structs.replace(
        PRICES.functions,
        gb_second=1.0,
        million_executions=0.0,
        memory_gb=2.0,
        cores=1.0,
        free_gb_seconds=50.0,
        free_executions=0.0,
    )

    reckoned = costs(IMAGE, with_prices(functions=free), 1000)

    assert reckoned.functions == pytest.approx(1000 * 0.1 * 2 - 50)


def test_images_that_come_one_by_one_wake_an_instance_each():
    together, apart = (costs(IMAGE, PRICES, MILLION, apart=apart) for apart in (False, True))

    assert apart.functions > together.functions
    assert apart.storage == together.storage


def test_storage_is_charged_for_the_image_its_records_and_the_hosts_queue():
    prices = msgspec.structs.replace(
        PRICES.storage,
        ten_thousand_reads=1.0,
        ten_thousand_writes=10.0,
        ten_thousand_queue_requests=100.0,
    )
    platform = msgspec.structs.replace(PRICES.platform, queue_requests=3)

    reckoned = costs(IMAGE, with_prices(storage=prices, platform=platform), 10_000)

    assert reckoned.storage == pytest.approx(5 * 1 + (1 + 1) * 10 + 3 * 100)


def test_vision_is_cheaper_beyond_the_first_million():
    prices = msgspec.structs.replace(
        PRICES.vision, thousand_below_a_million=2.0, thousand_above=1.0
    )

    reckoned = costs(IMAGE, with_prices(vision=prices), 3 * MILLION)

    assert reckoned.vision == pytest.approx(1000 * 2 + 2000 * 1)


def test_free_grants_are_never_paid_back():
    reckoned = costs(IMAGE, PRICES, 1)

    assert reckoned.functions == reckoned.event_grid == reckoned.logs == 0


def test_images_that_take_longer_need_more_instances():
    slow = msgspec.structs.replace(IMAGE, cpu_ms=1000.0)

    assert instance_seconds(slow, PRICES) == 10 * instance_seconds(IMAGE, PRICES)
    assert instances(IMAGE, PRICES, 25) == 3
    assert instances(slow, PRICES, 25) == 25


def test_a_day_brings_a_million_images_three_times_as_many_at_its_height():
    landed = [a_day(second) for second in range(DAY_S)]

    assert sum(landed) == pytest.approx(MILLION, rel=1e-6)
    assert max(landed) * DAY_S / MILLION == pytest.approx(3, abs=0.05)


def test_a_burst_is_over_after_a_minute():
    assert sum(map(burst, range(120))) == pytest.approx(100_000)
    assert burst(60) == 0
