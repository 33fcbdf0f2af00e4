"""Fitting a recogniser on pictures of which it is known what could be learnt."""

from dataclasses import dataclass

import numpy as np
import pytest

from tests.support.tiny_model import CHANNELS, tiny_recogniser
from training import recogniser as recognising
from training import tagging
from training.recogniser import Recogniser
from training.tagging import Fitted, Habits, fit_recogniser
from training.tags import LEAST_CHANCE, Named

# What the captions of each picture name can be told, of the first from its class alone, of the
# second from the features alone, although there is a class, of the third from the features, and of
# the fourth from nothing. The fifth has a class, and no caption names it.
TAGS = ("dog", "cat", "man", "ball", "zebra")
PICTURES = 300


@dataclass(frozen=True)
class Case:
    recogniser: Recogniser
    fitted: Fitted
    embeddings: np.ndarray
    held_out: np.ndarray
    shown: np.ndarray


@pytest.fixture(scope="module")
def case() -> Case:
    random = np.random.default_rng(3)
    shown = random.random((PICTURES, len(TAGS))) < 0.4
    shown[:, 4] = False
    embeddings = random.normal(0, 0.5, (PICTURES, CHANNELS)).astype(np.float32)
    embeddings[:, :3] += shown[:, :3] * 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recognising, "DIRECTIONS", 3)
        recogniser = tiny_recogniser(*TAGS)
    kernel = np.zeros((CHANNELS, 5), np.float32)
    kernel[0, 0] = 6  # the class of dogs; of the others, nothing tells
    recogniser.kernel.assign(kernel)
    recogniser.bias.assign([-6, 0, 0, 0, -3])
    recogniser.words.assign(np.eye(5) * [1, 1, 0, 0, 1])
    counts = [
        {tag: int(random.integers(2, 6)) for tag, there in zip(TAGS, row, strict=True) if there}
        for row in shown
    ]
    named = [Named(each, captions=5) for each in counts]
    mirrored = embeddings + random.normal(0, 0.05, embeddings.shape).astype(np.float32)
    held_out = embeddings[:100] + random.normal(0, 0.3, (100, CHANNELS)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tagging, "_FOLDS", 3)  # quicker
        looks = {"plain": embeddings, "mirrored": mirrored}
        fitted = fit_recogniser(recogniser, looks, held_out, named, seed=1)
    return Case(recogniser, fitted, embeddings, held_out, shown)


def precision(case: Case, tag: str, tags: np.ndarray) -> float:
    place = TAGS.index(tag)
    return tagging._average_precision(case.shown[:, place], tags[:, place])


@pytest.mark.parametrize("tag", ["dog", "cat", "man"])
def test_what_is_there_is_ranked_first(case: Case, tag: str) -> None:
    for tags in case.fitted.tags.values():
        assert tags.shape == (PICTURES, len(TAGS))
        assert precision(case, tag, tags) > 0.9
    assert precision(case, tag, case.recogniser.recognise(case.embeddings)["tags"].numpy()) > 0.9


def test_chances_can_be_believed(case: Case) -> None:
    tags = case.fitted.tags["plain"][:, :4]
    shown = case.shown[:, :4]
    assert tags.mean(axis=0) == pytest.approx(shown.mean(axis=0), abs=0.2)
    sure = tags > 0.8
    assert sure.sum() > 50
    assert shown[sure].mean() > 0.8


def test_tags_of_training_pictures_are_of_recognisers_that_had_not_seen_them(case: Case) -> None:
    """Nothing tells of balls: what was seen is known a little, by chance; what was not, is not."""
    seen = precision(case, "ball", case.recogniser.recognise(case.embeddings)["tags"].numpy())
    unseen = precision(case, "ball", case.fitted.tags["plain"])
    assert unseen < seen
    assert unseen == pytest.approx(case.shown[:, 3].mean(), abs=0.08)


def test_only_probes_that_help_are_kept(case: Case) -> None:
    """A probe in place of a class that tells all would forget what no training picture shows."""
    kept = np.abs(case.recogniser.probe.numpy()).max(axis=0) > 0
    assert dict(zip(TAGS, kept.tolist(), strict=True)) == {
        "dog": False,
        "cat": True,
        "man": True,
        "ball": True,  # there is nothing else
        "zebra": False,
    }
    assert case.recogniser.slope.numpy()[2] == 0
    assert case.recogniser.slope.numpy()[0] > 0


def test_what_no_picture_shows_is_unlikely(case: Case) -> None:
    assert case.fitted.tags["plain"][:, 4].max() < 0.3


def test_held_out_pictures_are_the_measure_of_trust(case: Case) -> None:
    """Of ten, nine are trusted at 0.9 and more, and hardly any at less than 0.1."""
    found = case.recogniser.recognise(case.held_out)
    novelty, trust = found["novelty"].numpy(), found["trust"].numpy()
    assert np.quantile(trust, 0.1) == pytest.approx(0.9, abs=0.01)
    assert np.quantile(trust, 0.01) == pytest.approx(0.1, abs=0.05)
    usual, strange = np.eye(CHANNELS, dtype=np.float32)[[0, 5]]
    found = case.recogniser.recognise(np.stack([usual, strange]))
    assert found["novelty"].numpy()[0] < np.median(novelty) < found["novelty"].numpy()[1]
    assert found["trust"].numpy()[0] > 0.9
    assert found["trust"].numpy()[1] < 0.1


def test_habits_tell_of_true_and_stray_tags(case: Case) -> None:
    habits = case.fitted.habits
    none, *named = habits.chances.mean(axis=1)
    assert len(named) == 5
    assert min(named[1:]) > none
    assert named[0] == 0  # here no caption names a thing alone
    strays = (case.fitted.tags["plain"] >= LEAST_CHANCE) & ~case.shown
    assert np.array_equal(habits.strays, strays.sum(axis=1))
    assert 0 < habits.strays.mean() < len(TAGS)
    assert habits.stray_odds.sum() == pytest.approx(1)
    assert habits.stray_odds == pytest.approx(
        strays.mean(axis=0) / strays.sum() * PICTURES, abs=0.01
    )


def test_things_that_nobody_names_often_leave_imagenets_alone() -> None:
    """As in a collection of a few hundred pictures."""
    recogniser = tiny_recogniser("dog", "cat")
    embeddings = np.random.default_rng(0).normal(size=(20, CHANNELS)).astype(np.float32)
    named = [Named({"dog": 2} if number % 2 else {}, captions=5) for number in range(20)]
    fitted = fit_recogniser(recogniser, {"plain": embeddings}, embeddings, named, seed=1)
    assert not recogniser.probe.numpy().any()
    expected = recogniser.recognise(embeddings)["tags"].numpy()
    assert fitted.tags["plain"] == pytest.approx(expected, abs=1e-5)


def chances(*levels: float) -> np.ndarray:
    return np.tile(np.array(levels, np.float32)[:, None], (1, 11))


def test_imagined_tags_hold_what_is_named_and_strays() -> None:
    strays = np.array([0, 2])
    habits = Habits(chances(0.1, 0.5, 0.8), strays, np.array([0.5, 0.5, 0, 0]))
    nothing = np.array([], np.int64)
    rows = [
        (np.array([2]), np.array([1])),
        (np.array([2, 3]), np.array([2, 5])),
        (nothing, nothing),
    ]
    found = np.stack([habits.imagine(rows, np.random.default_rng(n)) for n in range(200)])
    assert found.shape == (200, 3, 4)
    assert found.dtype == np.float32
    assert (found[:, 0, 2] == np.float32(0.5)).all()
    assert (found[:, 1, 2:] == np.float32(0.8)).all()  # more captions than ever were: as the most
    assert (found[:, 0, 3] == 0).all()
    assert set(np.unique(found[:, 2])) == {np.float32(0), np.float32(0.1)}
    assert (found[:, 2, 2:] == 0).all()
    strayed = (found[:, 2] > 0).sum(axis=1)  # two at most: they may be the same
    assert strayed.max() == 2
    assert (strayed == 0).mean() == pytest.approx(0.5, abs=0.12)


def test_imagined_chances_are_spread_as_real_ones() -> None:
    spread = np.stack([np.zeros(101), np.linspace(0, 1, 101)]).astype(np.float32)
    habits = Habits(spread, np.array([0]), np.ones(1))
    rows = [(np.array([0]), np.array([1]))] * 2000
    found = habits.imagine(rows, np.random.default_rng(0))[:, 0]
    assert np.quantile(found, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.05)
