"""The simulated platform: instances follow what waits, and every image is captioned."""

import pytest

from benchmarks.scale_out import ADDED_AT_ONCE, IDLE_S, LOOK_EVERY_S, START_S, Fleet, simulate

FLEET = Fleet(images_a_second=10, at_once=2, most=100)


def test_every_image_is_captioned_in_the_end():
    course = simulate(lambda _: 100, 60, FLEET)

    assert course.waiting[-1] == 0
    assert max(course.waiting) > 0
    assert course.instance_seconds * FLEET.images_a_second >= 60 * 100


def test_the_first_image_waits_for_the_first_look_and_the_first_start():
    course = simulate(lambda second: 1 if second == 1 else 0, 2, FLEET)

    assert course.longest_wait_s == LOOK_EVERY_S - 1 + START_S - 1
    assert course.most_instances == 1


def test_so_many_instances_are_added_at_once_and_no_more_than_allowed():
    course = simulate(lambda _: 1000, 100, Fleet(images_a_second=10, at_once=2, most=6))

    steps = [
        later - sooner
        for sooner, later in zip(course.instances, course.instances[1:], strict=False)
    ]
    assert max(steps) == ADDED_AT_ONCE
    assert course.most_instances == 6


def test_instances_that_have_nothing_to_do_go():
    course = simulate(lambda second: 500 if second == 0 else 0, 30 * IDLE_S, FLEET)

    assert course.most_instances > 0
    assert course.instances[-1] == 0


def test_the_oldest_image_grows_a_second_older_each_second_while_nothing_is_done():
    course = simulate(lambda _: 1, 30, FLEET)

    assert course.oldest_s[:START_S] == list(range(START_S))


def test_a_fleet_that_never_gets_done_is_refused():
    with pytest.raises(ValueError, match="allow more instances"):
        simulate(lambda _: 100, 10, Fleet(images_a_second=0.001, at_once=2, most=1))
