"""Sampled batches: what the advantages weigh, and that raising them raises the reward."""

from collections.abc import Sequence

import keras
import numpy as np
import pytest

from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import PAD, SPECIAL_WORDS, START, Vocabulary
from tests.support.tiny_model import CHANNELS, PATCHES, SIZES, tiny_encoder
from training.data.encoding import Captions
from training.data.sampling import Mixture, Sampler
from training.data.views import Look, Rows, Views
from training.decode import KerasCaptioner
from training.decoders.transformer import TransformerDecoder
from training.model import CaptionModel, SmoothedCrossEntropy
from training.self_critical import self_critical_batches

_VOCABULARY = Vocabulary((*SPECIAL_WORDS, "dog", "cat", "red", "blue", "runs"))
_SEARCH = BeamSettings(3, max_words=4)


def _says_cat(
    pictures: Rows, texts: Rows, captions: Sequence[Sequence[Sequence[str]]]
) -> np.ndarray:
    """Reward a word, the more the higher the picture's number: what all captions share."""
    rows = [*pictures, *texts]
    return np.array(
        [
            [words.count("cat") + 0.1 * row for words in said]
            for row, said in zip(rows, captions, strict=True)
        ]
    )


@pytest.fixture
def model() -> CaptionModel:
    keras.utils.set_random_seed(1)
    decoder = TransformerDecoder(
        len(_VOCABULARY), patches=PATCHES, max_words=4, dropout=0.0, **SIZES["transformer"]
    )
    model = CaptionModel(tiny_encoder(), decoder)
    tokens = np.zeros((1, 1, 2), np.int32)
    model({"grid": np.zeros((1, PATCHES, CHANNELS), np.float32), "tokens": tokens})
    return model


@pytest.fixture
def views(model: CaptionModel) -> Views:
    shape = (6, *model.encoder.output_shape[1:])
    return Views("grid", (Look(np.random.default_rng(1).random(shape).astype(np.float16)),))


def _sampler(views: Views, pictures: int) -> Sampler:
    nobodys = Captions(np.zeros((len(views), 1, 6), np.int32), np.ones(len(views), np.bool_))
    return Sampler(views, nobodys, None, Mixture(pictures), seed=(1,))


def _reward_of(model: CaptionModel, views: Views) -> float:
    found = KerasCaptioner(model).search(views.plain(), _SEARCH)
    best = [_VOCABULARY.decode(ranked[0].ids) for ranked in found]
    return sum(words.count("cat") for words in best) / len(best)


def test_weights_are_advantages_of_words_and_ends(model: CaptionModel, views: Views) -> None:
    batches = self_critical_batches(
        KerasCaptioner(model), _sampler(views, 3), _VOCABULARY, _says_cat, _SEARCH
    )
    assert len(batches) == 2
    for inputs, following, weights in batches.as_numpy_iterator():
        assert inputs["grid"].shape == (3, PATCHES, CHANNELS)
        assert inputs["tokens"].shape == following.shape == weights.shape == (3, 3, 5)
        assert (inputs["tokens"][:, :, 0] == START).all()
        np.testing.assert_array_equal(inputs["tokens"][:, :, 1:], following[:, :, :-1])
        assert (weights[following == PAD] == 0).all()
        advantages = weights[:, :, 0]
        np.testing.assert_allclose(advantages.sum(axis=1), 0, atol=1e-6)
        counts = (following == 5).sum(axis=2)
        expected = counts - counts.mean(axis=1, keepdims=True)
        np.testing.assert_allclose(advantages, expected, atol=1e-6)


def test_training_on_them_raises_the_reward(model: CaptionModel, views: Views) -> None:
    model.encoder.trainable = False
    model.compile(
        keras.optimizers.Adam(3e-3),
        SmoothedCrossEntropy(0.0, reduction="sum_over_batch_size"),
        jit_compile=False,
    )
    before = _reward_of(model, views)
    captioner = KerasCaptioner(model)
    batches = self_critical_batches(captioner, _sampler(views, 6), _VOCABULARY, _says_cat, _SEARCH)
    model.fit(batches, epochs=30, shuffle=False, verbose=0)
    assert _reward_of(model, views) > before + 0.5
