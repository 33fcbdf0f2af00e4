"""The loop in half precision: which parts compute in it, and that it learns nearly the same."""

from typing import Any

import keras
import msgspec
import numpy as np
import pytest
import tensorflow as tf

from tests.support.tiny_model import CHANNELS, PATCHES, SIDE, tiny_config, use_tiny_encoders
from training.cluster import Cluster
from training.data.batches import training_batches
from training.data.encoding import Captions
from training.data.sampling import Mixture, Sampler
from training.data.views import Look, Views
from training.encoders.choice import choose_what_learns
from training.learning import Learner
from training.model import CaptionModel, build_model
from training.optimising import loss_for, optimizer_for
from training.precision import computing_in

PICTURES, WORDS, EPOCHS = 16, 9, 3


@pytest.fixture(autouse=True)
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    use_tiny_encoders(monkeypatch)


def sampler() -> Sampler:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (PICTURES, SIDE, SIDE, 3), np.uint8)
    tokens = random.integers(4, WORDS, (PICTURES, 2, 7)).astype(np.int32)
    captions = Captions(tokens, np.ones(PICTURES, np.bool_))
    return Sampler(Views("pictures", (Look(pixels),)), captions, None, Mixture(8), seed=(1,))


def learnt(kind: str, precision: Any) -> tuple[list[float], CaptionModel, Learner]:
    """Learn three epochs, the encoder too; give their losses."""
    config = tiny_config(kind, encoder_from_block=0)
    (stage,) = config.stages
    steps = sampler()
    model = build_model(config, WORDS)
    choose_what_learns(model.encoder, stage)
    optimizer = optimizer_for(model, stage, steps=len(steps) * EPOCHS, precision=precision)
    learner = Learner(model, optimizer, loss_for(stage), Cluster(), mean_of_weights=True)
    batches = training_batches(steps, any_length=False)
    losses = []
    with computing_in(precision, model):
        for steps.epoch in range(EPOCHS):
            losses.append(learner.epoch(batches, lambda: None))
    return losses, model, learner


@pytest.mark.parametrize("kind", ["transformer", "merge-lstm"])
def test_half_precision_learns_nearly_what_single_precision_does(kind: str) -> None:
    expected, exact, _ = learnt(kind, "float32")
    assert expected[-1] < expected[0] - 0.01
    for precision in ("mixed_bfloat16", "mixed_float16"):
        found, model, learner = learnt(kind, precision)
        assert found != expected  # it did compute otherwise
        assert found == pytest.approx(expected, rel=2e-2)
        for weight in model.weights:
            assert keras.backend.standardize_dtype(weight.dtype) in ("float32", "uint32")
        for one, other in zip(exact.get_weights(), model.get_weights(), strict=True):
            assert np.abs(one - other).mean() < 0.02
        assert isinstance(learner.optimizer, keras.optimizers.LossScaleOptimizer) == (
            precision == "mixed_float16"
        )


def test_a_step_that_is_not_finite_only_lowers_the_scale() -> None:
    _, model, learner = learnt("transformer", "mixed_float16")
    before = model.get_weights()
    learner.optimizer.dynamic_scale.assign(3e38)
    batches = training_batches(sampler(), any_length=False)
    with computing_in("mixed_float16", model):
        learner.epoch(batches.take(1).apply(tf.data.experimental.assert_cardinality(1)), int)
    assert float(learner.optimizer.dynamic_scale.numpy()) == pytest.approx(1.5e38, rel=1e-3)
    for one, other in zip(before, model.get_weights(), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("kind", ["transformer", "attention-lstm", "merge-lstm"])
def test_attention_and_logits_are_of_single_precision(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = build_model(tiny_config(kind), WORDS)
    inputs = {
        "grid": np.ones((2, PATCHES, CHANNELS), np.float32),
        "tokens": np.ones((2, 1, 9), np.int32),
    }
    seen: list[Any] = []
    softmax = keras.ops.softmax

    def noting(x: Any, **options: Any) -> Any:
        seen.append(x.dtype)
        return softmax(x, **options)

    monkeypatch.setattr(keras.ops, "softmax", noting)
    exact = model(inputs)
    with computing_in("mixed_bfloat16", model):
        halved = model(inputs)
    assert halved.dtype == exact.dtype == tf.float32
    assert not np.array_equal(halved, exact)
    assert bool(seen) == (kind != "merge-lstm")
    assert set(seen) <= {tf.float32}
    assert np.array_equal(model(inputs), exact)  # as it was


def test_a_configuration_names_a_precision() -> None:
    config = msgspec.to_builtins(tiny_config()) | {"precision": "float8"}
    with pytest.raises(msgspec.ValidationError, match="precision"):
        msgspec.convert(config, type(tiny_config()))
