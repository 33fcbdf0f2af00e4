"""The recogniser's numbers, computed again with numpy alone."""

import numpy as np
import pytest

from tests.support.tiny_model import CHANNELS, tiny_recogniser
from training.recogniser import LEAST_PROBABILITY, Recogniser

EMBEDDINGS = np.random.default_rng(1).normal(size=(4, CHANNELS)).astype(np.float32)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    """It knows dogs and cats from classes and its probe, men from the probe alone."""
    recogniser = tiny_recogniser("dog", "cat", "man")
    recogniser.words.assign(np.eye(5, 3) * [1, 1, 0])
    return recogniser


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_tags_are_chances_from_classes_and_probes(recogniser: Recogniser) -> None:
    kernel, bias, words, slope, offset, probe = (
        getattr(recogniser, name).numpy()
        for name in ("kernel", "bias", "words", "slope", "offset", "probe")
    )
    scores = np.exp(EMBEDDINGS @ kernel + bias)
    classes = scores / scores.sum(axis=1, keepdims=True)
    found = np.log(classes @ words + LEAST_PROBABILITY)
    expected = sigmoid(found * slope + EMBEDDINGS @ probe + offset)
    assert recogniser.recognise(EMBEDDINGS)["tags"].numpy() == pytest.approx(expected, abs=1e-5)


def test_novelty_is_what_the_directions_do_not_hold(recogniser: Recogniser) -> None:
    recogniser.basis.assign(np.eye(CHANNELS, CHANNELS) * [1, 1, 1, 0, 0, 0])
    lengths = (EMBEDDINGS**2).sum(axis=1)
    expected = (EMBEDDINGS[:, 3:] ** 2).sum(axis=1) / lengths
    found = recogniser.recognise(EMBEDDINGS)
    assert found["novelty"].numpy() == pytest.approx(expected, abs=1e-5)
    assert found["trust"].numpy() == pytest.approx(sigmoid((0.5 - expected) * 10), abs=1e-4)
    assert (np.argsort(found["trust"]) == np.argsort(-expected)).all()
    scaled = recogniser.recognise(EMBEDDINGS * 7)["novelty"].numpy()
    assert scaled == pytest.approx(expected, abs=1e-5)  # brightness is no novelty
    within = recogniser.recognise(EMBEDDINGS * np.array([1, 1, 1, 0, 0, 0], np.float32))
    assert within["novelty"].numpy() == pytest.approx(0, abs=1e-5)
    assert (within["trust"].numpy() > 0.99).all()


def test_a_picture_that_shows_nothing_has_a_novelty(recogniser: Recogniser) -> None:
    nothing = np.zeros((1, CHANNELS), np.float32)
    assert np.isfinite(recogniser.recognise(nothing)["novelty"].numpy()).all()


def test_pictures_are_recognised_by_the_mean_of_their_grid(recogniser: Recogniser) -> None:
    features = np.random.default_rng(2).normal(size=(3, 2, 2, CHANNELS)).astype(np.float32)
    embedding = recogniser.tail(features).numpy().mean(axis=1)
    assert recogniser.embed(features).numpy() == pytest.approx(embedding, abs=1e-6)
    told = recogniser(features)
    assert {name: rows.shape for name, rows in told.items()} == {
        "tags": (3, 3),
        "novelty": (3,),
        "trust": (3,),
    }
    expected = recogniser.recognise(embedding)["tags"].numpy()
    assert told["tags"].numpy() == pytest.approx(expected, abs=1e-6)


def test_it_never_learns(recogniser: Recogniser) -> None:
    assert not recogniser.trainable_variables
