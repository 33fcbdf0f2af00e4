from pathlib import Path

import numpy as np
import pytest

from captioner.model.bundle import Bundle, open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from tests.support import tiny_dataset
from tests.support.bundles import make_bundle
from training.data.datasets import load_dataset
from training.data.pictures import Pictures, prepare_pictures
from training.evaluation.captioning import BundleModel, caption_all, looker_of


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return open_bundle(make_bundle(tmp_path_factory.mktemp("telling"), telling=True))


@pytest.fixture(scope="module")
def pictures(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    folder = tmp_path_factory.mktemp("data")
    dataset = load_dataset(tiny_dataset.write_to_measure_on(folder / "shapes"))
    resize = bundle.manifest.resize
    return prepare_pictures(dataset, folder / "pictures", resize, ("test",))["test"]


def test_a_bundle_says_what_the_app_says(bundle: Bundle, pictures: Pictures) -> None:
    captioned = caption_all(BundleModel(bundle, 3), pictures)
    whole = OnnxCaptioner(bundle).caption_pixels(np.asarray(pictures.pixels))
    assert list(captioned.captions.values()) == [caption.text for caption in whole]
    assert list(captioned.confidences.values()) == [caption.confidence for caption in whole]
    assert list(captioned.captions) == [image.name for image in pictures.images]
    assert captioned.name == f"tiny {bundle.manifest.version}, beam 3"
    assert captioned.milliseconds is not None
    assert captioned.milliseconds > 0


def test_greedy_search_has_its_own_name_and_captions(bundle: Bundle, pictures: Pictures) -> None:
    greedy = caption_all(BundleModel(bundle, 1), pictures)
    assert greedy.name.endswith(", greedy")
    assert greedy.captions != caption_all(BundleModel(bundle, 3), pictures).captions


def test_where_it_looked_for_the_words_of_its_caption(bundle: Bundle, pictures: Pictures) -> None:
    model = BundleModel(bundle, 3)
    image = pictures.images[5].name
    looks = looker_of(model, pictures)(image)
    said = " ".join(word for word, _ in looks).replace(" 's", "'s")
    assert said == caption_all(model, pictures).captions[image]
    assert all(grid.shape == (2, 2) for _, grid in looks)
    assert [float(grid.sum()) for _, grid in looks] == pytest.approx([1] * len(looks))


def test_a_model_without_attention(tmp_path: Path, pictures: Pictures) -> None:
    model = BundleModel(open_bundle(make_bundle(tmp_path)), 3)
    assert looker_of(model, pictures)(pictures.images[0].name) == []
