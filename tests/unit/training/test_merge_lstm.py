"""The merge LSTM can be fed as it was first: by a generator of partial captions and next words."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from captioner.model.vocabulary import END, PAD, START
from tests.support.tiny_model import CHANNELS, PATCHES, SIZES, randomise, tiny_encoder
from training.decoders.merge_lstm import MergeLstmDecoder
from training.model import CaptionModel, SmoothedCrossEntropy

VOCABULARY, LENGTH = 9, 4
RANDOM = np.random.default_rng(0)
GRID = RANDOM.normal(size=(3, PATCHES, CHANNELS)).astype(np.float32)
CAPTIONS = ((4, 5, 6), (7, 8), (5,))  # one of each picture
Batch = tuple[dict[str, Any], Any, Any]


def pairs() -> Iterator[Batch]:
    """Give (features, words so far) and the next word, one at a time."""
    for picture, words in enumerate(CAPTIONS):
        caption = (START, *words, END)
        for place in range(1, len(caption)):
            tokens, following = np.full((2, 1, 1, LENGTH), PAD, np.int32)
            tokens[0, 0, :place] = caption[:place]
            following[0, 0, place - 1] = caption[place]
            weights = (np.arange(LENGTH) == place - 1)[None, None].astype(np.float32)
            yield {"grid": GRID[picture : picture + 1], "tokens": tokens}, following, weights


def whole_captions() -> Batch:
    rows = np.full((len(CAPTIONS), 1, LENGTH + 1), PAD, np.int32)
    for picture, words in enumerate(CAPTIONS):
        caption = (START, *words, END)
        rows[picture, 0, : len(caption)] = caption
    following = rows[:, :, 1:]
    weights = (following != PAD).astype(np.float32)
    return {"grid": GRID, "tokens": rows[:, :, :-1]}, following, weights


@pytest.fixture
def model() -> CaptionModel:
    decoder = MergeLstmDecoder(
        VOCABULARY, patches=PATCHES, max_words=LENGTH, dropout=0.0, **SIZES["merge-lstm"]
    )
    model = CaptionModel(tiny_encoder(), decoder)
    inputs, _, _ = whole_captions()
    model(inputs)
    randomise(decoder)
    model.encoder.trainable = False
    return model


def gradients(model: CaptionModel, batch: Batch) -> list[np.ndarray]:
    inputs, following, weights = batch
    with tf.GradientTape() as tape:
        logits = model(inputs, training=True)
        loss = SmoothedCrossEntropy(0.0, reduction="sum")(following, logits, sample_weight=weights)
    found = tape.gradient(loss, [weight.value for weight in model.trainable_variables])
    return [tf.convert_to_tensor(each).numpy() for each in found]


def test_whole_captions_teach_what_their_pairs_teach_together(model: CaptionModel) -> None:
    whole = gradients(model, whole_captions())
    apart = [gradients(model, pair) for pair in pairs()]
    assert len(apart) == sum(len(words) + 1 for words in CAPTIONS)
    for expected, *given in zip(whole, *apart, strict=True):
        assert np.sum(given, axis=0) == pytest.approx(expected, abs=1e-4)


def test_a_generator_of_pairs_teaches_it(model: CaptionModel) -> None:
    def endless() -> Iterator[Batch]:
        while True:
            yield from pairs()

    model.compile(keras.optimizers.Adam(3e-2), SmoothedCrossEntropy(0.0), jit_compile=False)
    steps = sum(1 for _ in pairs())
    fitted = model.fit(endless(), steps_per_epoch=steps, epochs=12, shuffle=False, verbose=0)
    losses = fitted.history["loss"]
    assert losses[-1] < losses[0] / 4


def test_the_picture_is_the_mean_of_its_patches(model: CaptionModel) -> None:
    """So that a feature vector, a grid of one patch, is taken as it is."""
    mean = {"grid": GRID.mean(axis=1, keepdims=True)}
    expected = model.decoder.memory({"grid": GRID})["memory.image"].numpy()
    assert model.decoder.memory(mean)["memory.image"].numpy() == pytest.approx(expected, abs=1e-6)
