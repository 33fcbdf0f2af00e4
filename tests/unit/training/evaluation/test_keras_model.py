"""A Keras model that is measured by itself says and sees what it does elsewhere."""

import numpy as np
import pytest

from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary, text_of
from tests.support.tiny_model import SIDE, randomise, tiny_config, use_tiny_encoders
from training.decode import KerasCaptioner
from training.evaluation.captioning import KerasModel
from training.model import build_model

WORDS = Vocabulary((*SPECIAL_WORDS, "a", "dog", "cat", "man", "runs", "sits"))
PICTURES = np.random.default_rng(2).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)


@pytest.fixture(params=["transformer", "merge-lstm"])
def model(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> KerasModel:
    use_tiny_encoders(monkeypatch)
    config = tiny_config(request.param)
    built = build_model(config, len(WORDS))
    randomise(built)
    return KerasModel(config, KerasCaptioner(built), WORDS, config.search.settings(WORDS))


def test_it_is_measured_as_it_captions(model: KerasModel) -> None:
    found = list(model.captioner.search(PICTURES, model.settings))
    texts = [text_of(WORDS.decode(ranked[0].ids)) for ranked in found]
    assert list(model.say(PICTURES)) == [
        (text, ranked[0].mean_probability) for text, ranked in zip(texts, found, strict=True)
    ]
    assert model.name == "tiny in Keras, beam 3"
    assert model.stages == [("tiny", "decoder")]


def test_it_tells_where_it_looked_if_it_looks_at_places(model: KerasModel) -> None:
    looks = model.look(PICTURES[:1])
    if model.config.decoder.kind == "merge-lstm":
        assert looks == []
        return
    ((text, _),) = model.say(PICTURES[:1])
    assert [word for word, _ in looks] == text.split()
    assert all(grid.shape == (2, 2) for _, grid in looks)
    assert [float(grid.sum()) for _, grid in looks] == pytest.approx([1] * len(looks))
