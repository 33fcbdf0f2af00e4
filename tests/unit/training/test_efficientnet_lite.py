"""The encoder against ImageNet itself: with the package's own classifier it names photographs."""

from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from captioner.model.preprocessing import encoder_input
from training.encoders.efficientnet_lite import (
    build,
    classifier,
    freeze_below,
    last_block,
    package_weights,
    split,
)
from training.encoders.torch_checkpoint import read_state_dict
from training.samples import free_photographs

SIDE = 224
# Of ImageNet's classes.
EGYPTIAN_CAT, ESPRESSO = 285, 967


@pytest.fixture(scope="module", params=["efficientnet-lite0", "efficientnet-lite2"])
def encoder(request: pytest.FixtureRequest) -> keras.Model:
    return build(request.param, SIDE)


def package_name(encoder: keras.Model) -> str:
    return encoder.name.replace("_", "-")


def test_photographs_are_named_as_imagenet_names_them(encoder: keras.Model) -> None:
    kernel, bias = classifier(package_name(encoder))
    photographs = {each.path.name: each.path for each in free_photographs()}
    pictures = [
        Image.open(photographs[name]).convert("RGB") for name in ("chelsea.png", "coffee.png")
    ]
    grid = encoder(encoder_input(pictures, (SIDE,))).numpy()
    assert grid.shape == (2, (SIDE // 32) ** 2, 1280)
    scores = grid.mean(axis=1) @ kernel + bias
    assert scores.argmax(axis=1).tolist() == [EGYPTIAN_CAT, ESPRESSO]


def test_every_weight_of_the_package_is_used_but_the_classifiers(encoder: keras.Model) -> None:
    tensors = read_state_dict(package_weights(package_name(encoder)))
    expected = sum(
        tensor.size
        for name, tensor in tensors.items()
        if not name.startswith("_fc.") and not name.endswith("num_batches_tracked")
    )
    assert encoder.count_params() == expected


def test_patches_are_row_by_row(encoder: keras.Model) -> None:
    """Where the picture changes, the grid changes."""
    picture = np.full((1, SIDE, SIDE, 3), 127, np.uint8)
    changed = picture.copy()
    changed[0, :32, -32:] = (255, 0, 0)  # the upper right corner
    side = SIDE // 32
    difference = np.abs(encoder(changed).numpy() - encoder(picture).numpy()).sum(axis=(0, 2))
    square = difference.reshape(side, side)
    assert square[:3, -3:].sum() > 100 * square[-3:, :3].sum()


def test_only_blocks_from_the_given_one_on_and_the_head_learn(encoder: keras.Model) -> None:
    encoder.trainable = True
    freeze_below(encoder, 12)
    learning = {weight.path.split("/")[-2] for weight in encoder.trainable_variables}
    assert "head" in learning
    assert {int(name.removeprefix("block").split("_")[0]) for name in learning - {"head"}} == set(
        range(12, 1 + max(int(each.name[5:].split("_")[0]) for each in _blocks(encoder)))
    )
    assert not any("norm" in name for name in learning)


def _blocks(encoder: keras.Model) -> list[keras.layers.Layer]:
    return [layer for layer in encoder.layers if layer.name.startswith("block")]


def test_norms_keep_imagenets_statistics_while_the_encoder_learns(encoder: keras.Model) -> None:
    encoder.trainable = True
    freeze_below(encoder, 0)
    pictures = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
    before = [weight.numpy() for weight in encoder.non_trainable_variables]
    training = encoder(pictures, training=True).numpy()
    assert training == pytest.approx(encoder(pictures, training=False).numpy(), abs=1e-5)
    for weight, value in zip(encoder.non_trainable_variables, before, strict=True):
        assert np.array_equal(weight.numpy(), value)


@pytest.mark.parametrize("block", [1, 15])
def test_both_parts_of_a_split_give_what_the_whole_gives(encoder: keras.Model, block: int) -> None:
    trunk, tail = split(encoder, block)
    picture = np.random.default_rng(0).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    found = tail(trunk(picture)).numpy()
    assert found == pytest.approx(encoder(picture).numpy(), abs=1e-5)
    assert {id(weight) for weight in trunk.weights + tail.weights} == {
        id(weight) for weight in encoder.weights
    }
    first = min(int(layer.name[5:].split("_")[0]) for layer in _blocks(tail))
    assert first == block <= last_block(encoder)


def test_other_networks_have_no_blocks() -> None:
    assert last_block(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])) is None


def test_random_weights_come_with_a_random_classifier() -> None:
    kernel, bias = classifier("efficientnet-lite0", Path())
    assert (kernel.shape, bias.shape) == ((1280, 1000), (1000,))
    assert kernel.std() > 0
