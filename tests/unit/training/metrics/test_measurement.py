import math
import statistics

import numpy as np
import pytest

from tests.support.scored import CAPTIONS, CIDERS, METEORS, REFERENCES, SCORES
from training.metrics import METRICS, Measurement, MetricsError, cider, measure, meteor, score


@pytest.fixture(scope="module")
def measured() -> Measurement:
    return measure(REFERENCES, CAPTIONS)


def test_scores_are_those_of_pycocoevalcap(measured: Measurement) -> None:
    scores = measured.scores()
    assert {name: getattr(scores, name) for name in METRICS} == pytest.approx(SCORES, rel=1e-12)
    assert scores.images == len(REFERENCES)


def test_scores_of_each_image_are_those_of_pycocoevalcap(measured: Measurement) -> None:
    assert measured.images == tuple(REFERENCES)
    assert measured.of_each("meteor") == pytest.approx(METEORS, abs=1e-3)
    assert measured.of_each("cider") == pytest.approx(CIDERS, abs=1e-3)


def test_scores_worked_out_by_hand(capfd: pytest.CaptureFixture[str]) -> None:
    references = {
        "mat": ["The cat sat on the mat."],
        "dog": ["A dog runs."],
        "men": ["Men sit quietly."],
    }
    scores = score(references, {"dog": "a dog runs", "men": "", "mat": "the cat sat"})

    brevity = 100 * math.exp(1 - 12 / 6)  # every word is right, six where twelve were wanted
    assert [scores.bleu_1, scores.bleu_2, scores.bleu_3] == pytest.approx([brevity] * 3)
    assert scores.bleu_4 < brevity / 10  # no hypothesis is that long
    # Function words count a third of others. The one chunk of "mat" is of six words matched.
    recall = (4 * 0.75 + 2 * 0.25) / (8 * 0.75 + 4 * 0.25)
    f_mean = recall / (0.85 + 0.15 * recall)
    assert scores.meteor == pytest.approx(100 * f_mean * (1 - 0.6 * (1 / 6) ** 0.2))
    assert scores.rouge_l == pytest.approx(100 / 3 * (2.44 * 0.5 / (0.5 + 1.44) + 1))
    # Every n-gram is in one image of three, so its weight, log 3, cancels out. Mat: of n-grams of
    # 1, 2 and 3 words, the clipped products over the norms, 4 words having none in common; then
    # the penalty for length, which the scorer measures in bigrams, 2 and 5. Dog: the same
    # sentence, too short for n-grams of 4.
    cosines = 4 / math.sqrt(3 * 8) + 2 / math.sqrt(2 * 5) + 1 / math.sqrt(1 * 4)
    ciders = [1000 * cosines / 4 * math.exp(-(3**2) / (2 * 6**2)), 1000 * 3 / 4, 0]
    assert scores.cider == pytest.approx(statistics.fmean(ciders))
    assert capfd.readouterr() == ("", "")


def test_cider_alone_is_the_same_number() -> None:
    assert cider(REFERENCES, CAPTIONS) == pytest.approx(SCORES["cider"])


def test_intervals_hold_their_scores_and_are_the_same_each_time(measured: Measurement) -> None:
    scores = measured.scores()
    assert scores == measured.scores()
    for name in METRICS:
        low, high = scores.intervals[name]
        assert low < getattr(scores, name) < high
    told = scores.rounded(1)
    assert told["cider"] == 255.7
    assert told["intervals"]["cider"] == [round(end, 1) for end in scores.intervals["cider"]]


def test_a_part_keeps_the_weights_of_the_whole(measured: Measurement) -> None:
    part = measured.part(np.array([True, False, False, True, False, False]))
    assert part.images == ("park", "crowd")
    assert part.scores().cider == pytest.approx((CIDERS[0] + CIDERS[3]) / 2, abs=1e-3)


def test_two_models_on_the_same_images(measured: Measurement) -> None:
    worse = measure(REFERENCES, CAPTIONS | {"pool": "a dog", "park": "a dog"})
    difference = measured.against(worse)["cider"]
    assert difference.value == pytest.approx(measured.scores().cider - worse.scores().cider)
    assert 0 <= difference.low < difference.value < difference.high
    assert 0 < difference.doubt < 0.2  # resamples with neither of the two images
    assert measured.against(measured)["bleu_4"].doubt == 1


def test_a_meteor_that_fails_is_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(meteor, "_JAR", "nowhere.jar")
    with pytest.raises(MetricsError, match=r"METEOR failed: Error: .*"):
        score(REFERENCES, CAPTIONS)
