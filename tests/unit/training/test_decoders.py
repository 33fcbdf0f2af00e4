"""Every decoder: what is learnt under teacher forcing is what is read step by step."""

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from captioner.model.stepping import CachedStep, starting_cache
from tests.support.tiny_model import (
    CHANNELS,
    PATCHES,
    SIZES,
    TAGS,
    randomise,
    tiny_encoder,
    tiny_recogniser,
)
from training.decode import TracedModel
from training.decoders.attention_lstm import AttentionLstmDecoder
from training.decoders.base import CaptionDecoder
from training.decoders.merge_lstm import MergeLstmDecoder
from training.decoders.transformer import TransformerDecoder
from training.model import CaptionModel

VOCABULARY, MAX_WORDS = 11, 6
PICTURES, CAPTIONS, LENGTH = 3, 2, MAX_WORDS + 1

TAG_IDS = (4, 5, 6)
KINDS: dict[str, tuple[type[CaptionDecoder], dict[str, Any]]] = {
    "transformer": (TransformerDecoder, SIZES["transformer"]),
    "tags": (
        TransformerDecoder,
        {**SIZES["transformer"], "tag_ids": TAG_IDS, "slots": TAGS.slots},
    ),
    "attention-lstm": (AttentionLstmDecoder, SIZES["attention-lstm"]),
    "merge-lstm": (MergeLstmDecoder, SIZES["merge-lstm"]),
}

RANDOM = np.random.default_rng(5)
GRID = RANDOM.normal(size=(PICTURES, PATCHES, CHANNELS)).astype(np.float32)
TOKENS = RANDOM.integers(0, VOCABULARY, (PICTURES, CAPTIONS, LENGTH)).astype(np.int32)
# What only a decoder with tags reads: one picture's grid is trusted, one in part, one not at all;
# the least likely tag finds no slot, and one is too unlikely for the slot that it has.
SEEN = {
    "grid": GRID,
    "tags": np.array([[0.9, 0.2, 0.1], [0.3, 0.6, 0.4], [0.01, 0.02, 0.5]], np.float32),
    "trust": np.array([1, 0.3, 0], np.float32),
}


def built(kind: str) -> CaptionDecoder:
    decoder_class, settings = KINDS[kind]
    decoder = decoder_class(
        VOCABULARY, patches=PATCHES, max_words=MAX_WORDS, dropout=0.5, **settings
    )
    decoder(SEEN, TOKENS)
    randomise(decoder)
    return decoder


@pytest.fixture(scope="module", params=KINDS)
def decoder(request: pytest.FixtureRequest) -> CaptionDecoder:
    return built(request.param)


def logits(decoder: CaptionDecoder, tokens: np.ndarray = TOKENS, **seen: np.ndarray) -> np.ndarray:
    return decoder(SEEN | seen, tokens).numpy()


class Stepping:
    """The decoder's traced step; it keeps what it last gave."""

    def __init__(self, traced: TracedModel, decoder: CaptionDecoder) -> None:
        self._traced = traced
        seen = {name: tf.constant(rows) for name, rows in SEEN.items()}
        encoded = {name: rows.numpy() for name, rows in traced.prepare(seen).items()}
        self.cache = starting_cache(encoded, decoder.cache_shapes, len(GRID))
        memory = {name: rows for name, rows in encoded.items() if name not in self.cache}
        self.step = CachedStep(self._run, memory, self.cache)
        self.attention = np.zeros(0)

    def _run(self, tokens: Any, memory: Any, cache: Any) -> Any:
        states = {**memory, **cache}
        outputs = self._traced.step(tokens, *(states[name] for name in self._traced.state_names))
        given = {name: rows.numpy() for name, rows in outputs.items()}
        self.attention = given.pop("attention", self.attention)
        log_probs = given.pop("log_probs")
        self.cache = {name.removesuffix(".next"): rows for name, rows in given.items()}
        return log_probs, self.cache


@pytest.fixture(scope="module")
def traced(decoder: CaptionDecoder) -> TracedModel:
    recogniser = tiny_recogniser("dog", "cat", "man")
    return TracedModel(CaptionModel(tiny_encoder(), decoder, recogniser, from_block=1))


def test_steps_give_what_teacher_forcing_gives(
    decoder: CaptionDecoder, traced: TracedModel
) -> None:
    """With two captions a picture, their rows dealt anew at every step."""
    expected = keras.ops.log_softmax(logits(decoder)).numpy()
    random = np.random.default_rng(0)
    step = Stepping(traced, decoder).step
    rows = [(picture, caption) for picture in range(PICTURES) for caption in range(CAPTIONS)]
    parents = np.array([picture for picture, _ in rows])
    for position in range(LENGTH):
        tokens = np.array([TOKENS[picture, caption, position] for picture, caption in rows])
        found = step(tokens.astype(np.int64), parents)
        for row, (picture, caption) in enumerate(rows):
            assert found[row] == pytest.approx(expected[picture, caption, position], abs=1e-4)
        parents = random.permutation(len(rows))
        rows = [rows[parent] for parent in parents]


def test_logits_depend_on_picture_and_words(decoder: CaptionDecoder) -> None:
    """What makes the other tests mean something."""
    plain = logits(decoder)
    other_grid = logits(decoder, grid=GRID[::-1])
    assert np.abs(plain - other_grid)[0].max() > 0.05
    changed = TOKENS.copy()
    changed[:, :, 0] = (changed[:, :, 0] + 1) % VOCABULARY
    assert np.abs(plain - logits(decoder, changed))[:, :, -1].max() > 0.01


def test_captions_of_a_picture_do_not_know_each_other(decoder: CaptionDecoder) -> None:
    together = logits(decoder)
    for picture in range(PICTURES):
        for caption in range(CAPTIONS):
            one = np.s_[picture : picture + 1]
            seen = {name: rows[one] for name, rows in SEEN.items()}
            alone = logits(decoder, TOKENS[one, caption : caption + 1], **seen)
            assert together[picture, caption] == pytest.approx(alone[0, 0], abs=1e-4)


@pytest.mark.parametrize("position", [0, 2, LENGTH - 1])
def test_words_to_come_change_nothing(decoder: CaptionDecoder, position: int) -> None:
    changed = TOKENS.copy()
    changed[:, :, position] = (changed[:, :, position] + 1) % VOCABULARY
    difference = np.abs(logits(decoder) - logits(decoder, changed))
    assert difference[:, :, :position].max(initial=0) < 1e-5
    assert difference[:, :, position].min(axis=(0, 1)).max() > 1e-3


def test_padding_changes_no_logit_before_it(decoder: CaptionDecoder) -> None:
    padded = TOKENS.copy()
    padded[:, :, 4:] = 0
    shorter = logits(decoder, TOKENS[:, :, :4])
    assert logits(decoder, padded)[:, :, :4] == pytest.approx(shorter, abs=1e-5)


def test_attention_is_a_share_of_each_patch(decoder: CaptionDecoder, traced: TracedModel) -> None:
    if isinstance(decoder, MergeLstmDecoder):
        assert "attention" not in traced.step.get_concrete_function().structured_outputs
        return
    stepping = Stepping(traced, decoder)
    parents = np.array([0, 0, 1, 2])
    for tokens in ([1, 2, 3, 4], [5, 6, 7, 8]):
        stepping.step(np.array(tokens), parents)
        parents = np.arange(4)
        assert stepping.attention.shape == (4, PATCHES)
        assert stepping.attention.min() >= 0
        shares = stepping.attention.sum(axis=1)
        if "memory.bias" in traced.state_names:
            assert (shares[:3] < 0.999).all()  # the rest is of tags
            assert shares[3] < 1e-4  # a picture that is not trusted
        else:
            assert shares == pytest.approx(1, abs=1e-5)
    assert np.ptp(stepping.attention, axis=0).max() > 1e-3


def test_caches_keep_their_shapes_but_for_the_growing_axis(
    decoder: CaptionDecoder, traced: TracedModel
) -> None:
    stepping = Stepping(traced, decoder)
    before = stepping.cache
    assert {name: rows.shape[1:] for name, rows in before.items()} == decoder.cache_shapes
    stepping.step(np.ones(PICTURES, np.int64), np.arange(PICTURES))
    assert set(stepping.cache) == set(before)
    for name, rows in stepping.cache.items():
        expected = list(before[name].shape)
        if name in decoder.growing_axes:
            expected[decoder.growing_axes[name] + 1] += 1
        assert rows.shape == tuple(expected)


def test_every_weight_learns(decoder: CaptionDecoder) -> None:
    with tf.GradientTape() as tape:
        scores = keras.ops.log_softmax(decoder(SEEN, TOKENS[:, :, :-1]))
        loss = -keras.ops.mean(
            keras.ops.take_along_axis(scores, TOKENS[:, :, 1:, None].astype("int32"), axis=-1)
        )
    weights = decoder.trainable_variables
    gradients = tape.gradient(loss, [weight.value for weight in weights])
    unmoved = {
        weight.path
        for weight, gradient in zip(weights, gradients, strict=True)
        if gradient is None or not np.abs(tf.convert_to_tensor(gradient)).max() > 1e-9
    }
    assert not unmoved


def test_dropout_is_for_training_only(decoder: CaptionDecoder) -> None:
    assert np.array_equal(logits(decoder), logits(decoder))
    dropped = decoder(SEEN, TOKENS, training=True).numpy()
    assert np.abs(dropped - logits(decoder)).max() > 0.05
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(dropped, decoder(SEEN, TOKENS, training=True).numpy())


@pytest.fixture(scope="module")
def with_tags() -> CaptionDecoder:
    return built("tags")


def test_tags_change_what_is_said(with_tags: CaptionDecoder) -> None:
    """Which things are likely, how likely they are, and how far the grid is trusted."""
    plain = logits(with_tags)
    for name in ("tags", "trust"):
        changed = SEEN[name].copy()
        changed[0] *= 0.1
        difference = np.abs(plain - logits(with_tags, **{name: changed}))
        assert difference[0].max() > 0.001
        assert difference[1:].max() == 0
    swapped = SEEN["tags"][:, [1, 0, 2]]
    assert np.abs(plain - logits(with_tags, tags=swapped))[0].max() > 0.001


def test_a_grid_that_is_not_trusted_does_not_matter(with_tags: CaptionDecoder) -> None:
    """It is as if the picture had not been seen; where it is trusted, it matters."""
    told = {"tags": SEEN["tags"], "trust": np.zeros(PICTURES, np.float32)}
    unseen = with_tags(told, TOKENS).numpy()
    for grid in (GRID, GRID[::-1], np.zeros_like(GRID)):
        assert logits(with_tags, grid=grid, **told) == pytest.approx(unseen, abs=1e-4)
    assert np.abs(logits(with_tags) - unseen)[0].max() > 0.05


def test_tags_that_are_not_worth_telling_change_nothing(with_tags: CaptionDecoder) -> None:
    def said(*chances: float) -> np.ndarray:
        return logits(with_tags, tags=np.tile(np.array(chances, np.float32), (PICTURES, 1)))

    assert np.array_equal(said(0.01, 0.02, 0.03), said(0.049, 0.0, 0.0))
    assert np.array_equal(said(0.9, 0.01, 0.02), said(0.9, 0.03, 0.0))
    assert np.array_equal(said(0.9, 0.8, 0.7), said(0.9, 0.8, 0.1))  # two slots, three tags
    assert np.abs(said(0.9, 0.01, 0.02) - said(0.01, 0.01, 0.02)).max() > 0.01
