from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.calibration.reliability import draw, reliability

RANDOM = np.random.default_rng(5)
SURE = RANDOM.uniform(0, 1, 5000)


def test_bins_hold_equally_many_from_the_least_sure_on() -> None:
    found = reliability(np.array([0.9, 0.1, 0.5, 0.3]), np.array([True, False, True, False]), 2)
    assert found.confidences == pytest.approx([0.2, 0.7])
    assert found.shares == pytest.approx([0, 1])
    assert found.counts.tolist() == [2, 2]
    assert found.ece == pytest.approx(0.25)


def test_a_true_confidence_has_hardly_an_error_and_a_boastful_one_has() -> None:
    acceptable = RANDOM.uniform(0, 1, 5000) < SURE
    assert reliability(SURE, acceptable).ece < 0.03
    assert reliability(np.sqrt(SURE), acceptable).ece == pytest.approx(1 / 6, abs=0.02)


def test_unequal_bins_weigh_by_their_number() -> None:
    confidences = np.array([0.0, 0.0, 0.0, 1.0, 1.0])
    found = reliability(confidences, np.array([False] * 5), 2)
    assert found.counts.tolist() == [3, 2]
    assert found.ece == pytest.approx(2 / 5)


def test_fewer_captions_than_bins() -> None:
    assert reliability(np.array([0.5, 0.7]), np.array([True, True])).counts.tolist() == [1, 1]


def test_the_diagram_is_a_picture(tmp_path: Path) -> None:
    path = tmp_path / "reliability.png"
    draw(reliability(SURE, SURE > 0.5), "tiny, test", path)
    with Image.open(path) as image:
        assert min(image.size) > 300
        assert len(image.convert("RGB").getcolors(2**20) or []) > 10
