from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from training.data.datasets import CaptionedImage
from training.evaluation import known
from training.metrics import METRICS, Scores

IMAGES = [CaptionedImage("a.jpg", Path("a.jpg"), ("one", "two", "three"))]
FIRST = (63.64, 44.58, 30.55, 20.95, 25.00, 48.75, 78.86)
CONSTANT = (43.58, 25.10, 14.05, 8.78, 13.05, 33.85, 12.42)


def scorer(wrong: float = 0.0) -> object:
    """Give the known scores for the two rows, CIDEr of the second off by `wrong`."""

    def score(references: Mapping[str, Sequence[str]], captions: Mapping[str, str]) -> Scores:
        human = captions == {"a.jpg": "one"}
        assert references == {"a.jpg": ("two", "three") if human else ("one", "two", "three")}
        values = dict(zip(METRICS, FIRST if human else CONSTANT, strict=True))
        values["cider"] += 0 if human else wrong
        return Scores(images=1, **values, intervals={})

    return score


def test_scores_that_are_as_they_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "score", scorer(wrong=0.004))
    assert known.deviations(IMAGES) == []


def test_a_score_that_is_off_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known, "score", scorer(wrong=-0.1))
    assert known.deviations(IMAGES) == ["one sentence for every image: cider is 12.32, not 12.42."]
