"""Networks of keras.applications as encoders: what they see, give and export.

With random weights, drawn so that every layer's signal stays of one size.
"""

import inspect
import sys
from pathlib import Path

import keras
import numpy as np
import onnxruntime as ort
import pytest
import tensorflow as tf
from keras import applications

from training.conversion import to_onnx
from training.encoders.keras_applications import NoSuchLayer, build, is_known, names, network_of

SIDE = 32
PICTURES = np.random.default_rng(0).integers(0, 256, (2, SIDE, SIDE, 3), np.uint8)
# One with pixels less ImageNet's mean colour (a constant that is no weight), blue first; one with
# pixels from -1 to 1.
CHANNELS = {"vgg16": 512, "mobilenet_v2": 1280}
FUNCTIONS = {
    name.lower(): function
    for name, function in inspect.getmembers(applications, inspect.isfunction)
}


@pytest.fixture(scope="module", params=CHANNELS)
def encoder(request: pytest.FixtureRequest) -> keras.Model:
    built = build(request.param, SIDE, weights=None)
    random = np.random.default_rng(1)
    for weight in built.weights:
        if len(weight.shape) == 4:
            inputs = np.prod(weight.shape[:2] if "depthwise" in weight.path else weight.shape[:3])
            weight.assign(random.normal(0, np.sqrt(2 / inputs), weight.shape))
    return built


def test_the_grid_has_a_patch_for_each_place(encoder: keras.Model) -> None:
    grid = encoder(PICTURES).numpy()
    (channels,) = (CHANNELS[name] for name in CHANNELS if name.replace("_", "") == encoder.name)
    assert grid.shape == (2, (SIDE // 32) ** 2, channels)
    assert np.abs(grid[0] - grid[1]).max() > 0.01 * np.abs(grid).max() > 0


def test_pixels_are_made_ready_as_the_network_wants_them(encoder: keras.Model) -> None:
    preprocess = sys.modules[FUNCTIONS[encoder.name].__module__].preprocess_input
    expected = network_of(encoder)(preprocess(PICTURES.astype(np.float32))).numpy()
    found = encoder(PICTURES).numpy()
    assert np.abs(found.ravel() - expected.ravel()).max() < 1e-5 * np.abs(expected).max()


def test_its_graph_gives_the_same_in_onnxruntime(encoder: keras.Model) -> None:
    signature = [tf.TensorSpec((None, SIDE, SIDE, 3), tf.uint8, name="images")]
    function = tf.function(
        lambda images: {"memory.grid": encoder(images, training=False)},
        input_signature=signature,
        autograph=False,
    )
    session = ort.InferenceSession(
        to_onnx(function).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert [each.name for each in session.get_inputs()] == ["images"]
    (found,) = session.run(["memory.grid"], {"images": PICTURES})
    expected = encoder(PICTURES).numpy()
    assert np.abs(found - expected).max() < 1e-3 * np.abs(expected).max()


def test_a_named_layer_of_the_classifier_is_a_grid_of_one_patch() -> None:
    encoder = build("vgg16", SIDE, weights=None, layer="fc2")
    assert encoder.output_shape == (None, 1, 4096)
    assert network_of(encoder).layers[-1].name == "fc2"


def test_a_named_layer_before_the_classifier_is_a_finer_grid() -> None:
    encoder = build("vgg16", 64, weights=None, layer="block4_conv3")
    assert encoder.output_shape == (None, 8 * 8, 512)
    assert encoder(np.zeros((1, 64, 64, 3), np.uint8)).shape == (1, 64, 512)


def test_a_layer_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(NoSuchLayer, match=r"'fc3' is no layer of vgg16.* fc1, fc2, predictions"):
        build("vgg16", SIDE, weights=None, layer="fc3")


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_weights_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.weights.h5"
    saved = applications.MobileNetV2(include_top=False, weights=None, input_shape=(SIDE, SIDE, 3))
    saved.save_weights(path)
    encoder = build("mobilenet_v2", SIDE, weights=str(path))
    for found, expected in zip(encoder.get_weights(), saved.get_weights(), strict=True):
        assert np.array_equal(found, expected)


def test_every_network_but_convnext_is_known_and_has_its_own_pixels() -> None:
    assert {"vgg16", "inceptionv3", "mobilenetv2", "resnet50", "efficientnetb0"} <= set(names())
    assert not any(name.startswith("convnext") for name in names())
    for name in names():
        assert callable(sys.modules[FUNCTIONS[name].__module__].preprocess_input)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("vgg16", True),
        ("VGG16", True),
        ("inception_v3", True),
        ("inception-v3", True),
        ("resnet50_v2", True),
        ("vgg", False),
        ("../vgg16", False),
        ("convnext_tiny", False),
        ("applications", False),
    ],
)
def test_names_may_be_spelt_with_hyphens_or_underscores(name: str, known: bool) -> None:
    assert is_known(name) == known
