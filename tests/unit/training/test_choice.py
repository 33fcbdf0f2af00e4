"""Encoders as configurations name them, and what of them learns."""

from pathlib import Path

import keras
import pytest
from keras import layers
from keras.src.utils import file_utils

from tests.support.tiny_model import tiny_encoder
from training.config import ConfigError, Encoder, Stage, load_config
from training.encoders import efficientnet_lite, keras_applications
from training.encoders.choice import build_encoder, choose_what_learns

SIDE = 32


def stage(**settings: object) -> Stage:
    return Stage(name="tail", epochs=1, learning_rate=1e-4, **settings)


@pytest.fixture(scope="module")
def mobilenet() -> keras.Model:
    return build_encoder(Encoder(name="mobilenet_v2", weights="random"), SIDE)


@pytest.mark.parametrize(
    "path", sorted(Path("training/configs").glob("*.toml")), ids=lambda path: path.stem
)
def test_the_shipped_configurations_name_encoders_that_are_known(path: Path) -> None:
    name = load_config(path).encoder.name
    assert name in efficientnet_lite.VARIANTS or keras_applications.is_known(name)


@pytest.mark.parametrize(
    ("encoder", "told"),
    [
        ({"name": "resnet"}, "encoder.name 'resnet' is not one of efficientnet-lite0"),
        ({"name": "resnet"}, "resnet50"),
        ({"name": "efficientnet-lite0", "layer": "head"}, "encoder.layer is of keras.applications"),
        ({"name": "vgg16", "layer": "fc3", "weights": "random"}, "encoder.layer 'fc3' is no layer"),
        ({"name": "vgg16", "weights": "nowhere.h5"}, "vgg16 cannot be built, mend encoder.weights"),
        (
            {"name": "inception_v3", "weights": "random"},
            "mend encoder.weights or data.resize: Input size must be at least 75x75",
        ),
    ],
)
def test_an_encoder_that_cannot_be_had_is_told(encoder: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_encoder(Encoder(**encoder), SIDE)
    assert told in caught.value.message


def test_imagenets_weights_are_downloaded_where_none_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(name: str, origin: str, **_: object) -> str:
        raise Exception(f"URL fetch failure on {origin}: None -- unreachable")  # as Keras does

    monkeypatch.setattr(file_utils, "get_file", unreachable)
    with pytest.raises(ConfigError, match=r"mend encoder\.weights.*URL fetch failure on https:"):
        build_encoder(Encoder(name="vgg16"), SIDE)


def test_an_encoder_is_frozen_unless_the_stage_says_otherwise(mobilenet: keras.Model) -> None:
    choose_what_learns(mobilenet, stage(encoder_from_layer="block_15_expand"))
    choose_what_learns(mobilenet, stage())
    assert not mobilenet.trainable_variables


def test_layers_from_the_named_one_on_learn(mobilenet: keras.Model) -> None:
    choose_what_learns(mobilenet, stage(encoder_from_layer="block_15_expand"))
    learning = [weight.path.split("/")[-2] for weight in mobilenet.trainable_variables]
    assert learning[0] == "block_15_expand"
    assert learning[-1] == "Conv_1"
    assert not any("BN" in name for name in learning)
    network = keras_applications.network_of(mobilenet)
    norms = [each for each in network.layers if isinstance(each, layers.BatchNormalization)]
    assert not any(norm.trainable for norm in norms)


def test_blocks_from_the_given_one_on_learn() -> None:
    encoder = tiny_encoder()
    for block, weights in ((0, 4), (1, 2)):
        choose_what_learns(encoder, stage(encoder_from_block=block))
        assert len(encoder.trainable_variables) == weights


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"encoder_from_layer": "block99"}, "names 'block99', and mobilenetv2_1.00_32 has no such"),
        (
            {"encoder_from_block": 3},
            "counts the blocks of efficientnet-lite: for mobilenetv2, name",
        ),
    ],
)
def test_a_start_that_the_encoder_lacks_is_told(
    mobilenet: keras.Model, settings: dict[str, object], told: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        choose_what_learns(mobilenet, stage(**settings))
    assert told in caught.value.message
    assert "stage tail" in caught.value.message


def test_a_block_beyond_the_last_is_told() -> None:
    with pytest.raises(ConfigError, match="is 2, and the last block is 1"):
        choose_what_learns(tiny_encoder(), stage(encoder_from_block=2))
