"""The chance that a caption is acceptable, from its evidence."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest

from captioner.model.confidence import FEATURES, Calibration, Evidence, Found, Judge, Witness
from captioner.model.decoding import Hypothesis
from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary

WORDS = ("a", "dog", "guitar", "red", "cat", "puppy", "of")
VOCABULARY = Vocabulary((*SPECIAL_WORDS, *WORDS))


def hypothesis(text: str, *log_probs: float, score: float = -1.0) -> Hypothesis:
    ids = tuple(VOCABULARY.encode(text.split())[1:-1])
    return Hypothesis(ids, log_probs or (-1.0,) * (len(ids) + 1), score)


def calibration(**changes: Any) -> Calibration:
    fields: dict[str, Any] = {
        "features": ("mean_log_prob", "novelty"),
        "means": (-1.0, 0.5),
        "scales": (0.5, 0.1),
        "weights": (1.0, -2.0),
        "intercept": 0.3,
        "review_threshold": 0.2,
    }
    return Calibration(**(fields | changes))


def evidence(
    caption: Hypothesis | None = None, novelty: float | None = None, **more: Any
) -> Evidence:
    return Evidence(caption or hypothesis("a dog"), **({"rivals": ()} | more), novelty=novelty)


def test_the_chance_is_the_logistic_of_the_weighted_features() -> None:
    caption = hypothesis("a dog", -0.5, -1.0, -0.75)
    chance = calibration().chance(evidence(caption, novelty=0.4))
    assert chance == pytest.approx(1 / (1 + math.exp(-(0.3 + 1.0 * 0.5 + 2.0 * 1.0))))


def test_a_feature_without_value_counts_as_its_mean() -> None:
    assert calibration().chance(evidence()) == calibration().chance(evidence(novelty=0.5))


@pytest.mark.parametrize(("novelty", "chance"), [(1e6, 0.0), (-1e6, 1.0)])
def test_a_chance_stays_between_zero_and_one(novelty: float, chance: float) -> None:
    assert calibration().chance(evidence(novelty=novelty)) == chance


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("mean_log_prob", evidence(hypothesis("a dog", -1, -2, -6)), -3),
        ("min_log_prob", evidence(hypothesis("a dog", -1, -2, -6)), -6),
        ("words", evidence(hypothesis("a red dog")), 3),
        ("margin", evidence(rivals=[hypothesis("a", score=-3.0), hypothesis("a")]), 0),
        ("margin", evidence(rivals=[hypothesis("a", score=-3.0)]), 2),
        ("tag_support", evidence(support=[0.997, 0.0]), math.log(1.097 * 0.1) / 2),
        ("tags_named", evidence(named=0.4), 0.4),
        ("novelty", evidence(novelty=0.25), 0.25),
    ],
)
def test_features(name: str, given: Evidence, value: float) -> None:
    assert FEATURES[name].of(given) == pytest.approx(value)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("margin", evidence()),
        ("tag_support", evidence()),
        ("tag_support", evidence(support=[])),
        ("tags_named", evidence()),
        ("novelty", evidence()),
    ],
)
def test_features_that_a_caption_lacks(name: str, given: Evidence) -> None:
    assert math.isnan(FEATURES[name].of(given))


def test_a_calibration_says_what_it_reads() -> None:
    assert calibration().reads == {"novelty"}
    names = ("tag_support", "words")
    assert calibration(features=names).reads == {"tags"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"features": ["weather", "novelty"]}, "weather"),
        ({"means": [1.0]}, "a mean, a scale and a weight"),
        ({"scales": [1.0, 0.0]}, "scales"),
        ({"review_threshold": 1.5}, "review_threshold"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused_when_read(
    change: dict[str, Any], named: str
) -> None:
    document = msgspec.to_builtins(calibration()) | change
    with pytest.raises(msgspec.ValidationError, match=named):
        msgspec.convert(document, Calibration)


def test_evidence_is_gathered_for_any_place_of_the_ranking() -> None:
    best, other = hypothesis("a dog"), hypothesis("a cat", score=-2.0)
    witness = Witness(VOCABULARY)
    found = Found([best, other], novelty=0.1)
    assert witness.evidence(found) == Evidence(best, [other], novelty=0.1)
    assert witness.evidence(found, 1) == Evidence(other, [best], novelty=0.1)


def of_tags(text: str, **chances: float) -> Evidence:
    """Give the evidence for a caption of a picture with these tags."""
    tags = np.array(list(chances.values()), np.float32)
    return Witness(VOCABULARY, list(chances)).evidence(Found([hypothesis(text)], tags))


def support(text: str, **chances: float) -> list[float]:
    given = of_tags(text, **chances).support
    assert given is not None
    return list(given)


def test_tags_support_the_words_that_they_stand_for() -> None:
    dog, guitar = support("a red dog guitar", dogs=0.9, cat=0.1)
    assert dog == pytest.approx(0.9, abs=0.02)
    assert guitar < 0.2


def test_a_tag_of_near_meaning_supports_in_part() -> None:
    (puppy,) = support("a puppy", dog=0.9)
    (cat,) = support("a cat", dog=0.9)
    assert cat < 0.1 < puppy < 0.9


def test_tags_support_together_what_each_of_them_may_be() -> None:
    (alone,) = support("a puppy", dog=0.5)
    (together,) = support("a puppy", dog=0.5, puppy=0.5)
    assert 0.5 < together < 1
    assert together > alone


def test_likely_tags_want_to_be_named() -> None:
    assert of_tags("a dog", dog=0.9).named == pytest.approx(1)
    assert of_tags("a guitar", dog=0.9).named == pytest.approx(0, abs=0.02)
    half = of_tags("a dog", dog=0.4, car=0.4, tree=0.0).named
    assert half == pytest.approx(0.5, abs=0.05)
    unlikely = dict.fromkeys(("oven", "banana", "clock"), 0.1)
    assert of_tags("a dog", dog=0.9, car=0.8, tree=0.7, **unlikely).named == pytest.approx(
        of_tags("a dog", dog=0.9, car=0.8, tree=0.7).named
    )
    assert of_tags("a dog", dog=0.0).named == 0


@pytest.mark.parametrize("text", ["a red of", "of"])
def test_tags_say_nothing_of_a_caption_without_words_of_meaning(text: str) -> None:
    given = of_tags(text, dog=0.9)
    assert (given.support, given.named) == (None, None)


def test_without_calibration_the_confidence_is_the_mean_probability() -> None:
    found = Found([hypothesis("a dog", -1, -2, -3), hypothesis("a cat", -2, -2, -2)])
    judge = Judge(Witness(VOCABULARY), None)
    assert judge.confidence(found) == pytest.approx(math.exp(-2))
    assert judge.confidence(found, 1) == pytest.approx(math.exp(-2))


def test_with_a_calibration_it_is_its_chance() -> None:
    found = Found([hypothesis("a dog"), hypothesis("a cat")], novelty=0.6)
    witness = Witness(VOCABULARY)
    expected = calibration().chance(witness.evidence(found, 1))
    assert Judge(witness, calibration()).confidence(found, 1) == expected
