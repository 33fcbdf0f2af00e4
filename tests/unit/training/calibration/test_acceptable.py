import numpy as np
import pytest

from captioner.captioning.agreement import agreement
from training.calibration.acceptable import CUT, acceptable, closeness, closenesses

REFERENCES = ("A man plays guitar.", "A dog on a beach", "someone with a guitar")


def test_a_caption_is_as_close_as_to_the_two_nearest_references() -> None:
    caption = "a man with a guitar"
    one, two = (agreement(caption, REFERENCES[place]) for place in (0, 2))
    assert closeness(caption, REFERENCES) == pytest.approx((one + two) / 2)


def test_one_reference_is_enough() -> None:
    assert closeness("a man plays a guitar", REFERENCES[:1]) == pytest.approx(1)


def test_acceptable_captions_are_close_in_the_order_of_the_captions() -> None:
    references = {"guitar": REFERENCES, "snow": ("Two dogs in the snow", "dogs run through snow")}
    captions = {"snow": "two dogs run in the snow", "guitar": "a cat on a sofa"}
    close = closenesses(references, captions)
    assert close[0] > CUT > close[1]
    assert np.array_equal(acceptable(references, captions), [True, False])
