import math

import numpy as np
import pytest

from training.evaluation.confidence import made_up_by_the_surest, roc_auc, surest_half


def test_the_surest_half() -> None:
    assert surest_half(np.array([0.2, 0.9, 0.9, 0.1])).tolist() == [False, True, True, False]
    assert surest_half(np.array([0.5, 0.5, 0.5])).tolist() == [True, True, False]


def test_what_the_surest_make_up() -> None:
    made_up = np.array([True, True, True, False, True, False, False, True])
    sureness = np.array([0.9, 0.1, 0.2, 0.8, 0.3, 0.7, 0.6, 0.4])
    of_all, of_surest, ratio = made_up_by_the_surest(made_up, sureness)
    assert (of_all.value, of_surest.value) == (5 / 8, 1 / 4)
    assert ratio.value == pytest.approx(2 / 5)
    assert ratio.low < ratio.value < ratio.high


def test_the_surer_half_is_chosen_anew_in_each_resample() -> None:
    # Sureness tells all: whatever images are drawn, the surer half of them is the better one. A
    # half fixed before would be without a fault in each resample, and its interval a point.
    sureness = np.linspace(0, 1, 100)
    _, of_surest, _ = made_up_by_the_surest(sureness < 0.5, sureness)
    assert of_surest.value == of_surest.low == 0
    assert of_surest.high > 0.1


def test_nothing_made_up_has_no_ratio() -> None:
    of_all, of_surest, ratio = made_up_by_the_surest(np.zeros(4, np.bool_), np.arange(4.0))
    assert of_all.high == of_surest.high == 0
    assert math.isnan(ratio.value)


def test_the_area_counts_pairs_in_order() -> None:
    sureness = np.array([0.9, 0.8, 0.8, 0.3, 0.1])
    acceptable = np.array([True, False, True, True, False])
    area = roc_auc(sureness, acceptable)
    # Of six pairs: .9 beats both, .8 ties one and beats one, .3 beats one.
    assert area.value == pytest.approx((2 + 1.5 + 1) / 6)
    assert area.low < area.value <= area.high


def test_an_area_that_tells_nothing_and_one_that_tells_all() -> None:
    random = np.random.default_rng(1)
    acceptable = random.random(500) < 0.4
    blind = roc_auc(random.random(500), acceptable)
    assert blind.low < 0.5 < blind.high
    assert roc_auc(acceptable + 0.0, acceptable).low == 1


def test_captions_of_one_sort_have_no_area() -> None:
    area = roc_auc(np.array([0.1, 0.2]), np.array([True, True]))
    assert math.isnan(area.value)
    assert math.isnan(area.low)
