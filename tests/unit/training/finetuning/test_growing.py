"""New words begin as what the model would have said in their place."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from captioner.model.decoding import BeamSettings
from captioner.model.vocabulary import END, SPECIAL_WORDS, START, UNKNOWN, Vocabulary
from tests.support.tiny_model import SIDE, SIZES, randomise, tiny_config, use_tiny_encoders
from training.data.datasets import CaptionedImage
from training.data.pictures import Pictures
from training.finetuning.growing import grow, mixtures, new_words
from training.model import build_model

# Keras gives its variables to numpy through an interface that numpy 2 deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

VOCABULARY = Vocabulary((*SPECIAL_WORDS, "a", "dog", "cat", "runs"))
A, DOG, CAT, RUNS = range(len(SPECIAL_WORDS), len(VOCABULARY))


class ParrotBundle:
    """A bundle that after "a" says dog or cat, as the picture is bright or dark, else "runs"."""

    vocabulary = VOCABULARY
    beam_settings = BeamSettings(max_words=5)

    def start(self, pictures: np.ndarray) -> Any:
        bright = 0.75 if pictures.mean() > 127 else 0.25
        after = {START: {A: 1.0}, A: {DOG: bright * 0.8, CAT: (1 - bright) * 0.8, END: 0.2}}

        def step(tokens: np.ndarray, parents: np.ndarray) -> np.ndarray:
            chances = np.zeros((1, len(VOCABULARY)))
            for word, chance in after.get(int(tokens[0]), {RUNS: 0.5, UNKNOWN: 0.5}).items():
                chances[0, word] = chance
            with np.errstate(divide="ignore"):
                return np.log(chances)

        return step


def pictures(*captions: tuple[str, ...]) -> Pictures:
    """Give bright pictures and dark ones in turn, so captioned."""
    images = tuple(
        CaptionedImage(f"{number}.jpg", Path(f"{number}.jpg"), each)
        for number, each in enumerate(captions)
    )
    pixels = np.zeros((len(images), 2, 2, 3), np.uint8)
    pixels[::2] = 255
    return Pictures(images, pixels, "drawn")


def test_words_used_often_enough_are_new() -> None:
    learnt = pictures(
        ("A hound runs .", "The hound sits ."), ("A cat sits .", "This hound is in a caption too")
    )
    assert new_words(ParrotBundle(), learnt, min_count=2) == ["hound", "sits"]
    assert new_words(ParrotBundle(), learnt, min_count=1) == ["hound", "sits", "the"]


def test_a_new_word_is_what_would_have_been_said() -> None:
    learnt = pictures(("A hound runs .",), ("A tabby runs .", "A hound ."))
    hound, tabby = mixtures(ParrotBundle(), learnt, ["hound", "tabby"])
    expected = np.zeros(len(VOCABULARY))
    expected[[DOG, CAT]] = 0.5, 0.5
    assert hound == pytest.approx(expected)
    expected[[DOG, CAT]] = 0.25, 0.75
    assert tabby == pytest.approx(expected)


def test_no_new_words_are_no_mixtures() -> None:
    assert mixtures(ParrotBundle(), pictures(("A dog .",)), []).shape == (0, len(VOCABULARY))


@pytest.fixture(autouse=True)
def small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        use_tiny_encoders(patch)
        yield


@pytest.mark.parametrize("kind", SIZES)
def test_a_grown_model_says_what_it_said_and_new_words_like_their_kin(kind: str) -> None:
    old = build_model(tiny_config(kind), len(VOCABULARY))
    grown = build_model(tiny_config(kind), len(VOCABULARY) + 1)
    randomise(old)
    grow(old, grown, np.eye(len(VOCABULARY), dtype=np.float32)[[DOG]])
    seen = np.random.default_rng(1).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    tokens = np.array([[[START, A, DOG, RUNS]]], np.int32)
    expected = old({"pictures": seen, "tokens": tokens}).numpy()
    found = grown({"pictures": seen, "tokens": tokens}).numpy()
    assert found[..., :-1] == pytest.approx(expected, abs=1e-5)
    assert found[..., -1] == pytest.approx(expected[..., DOG], abs=1e-5)
    with_new_word = np.where(tokens == DOG, len(VOCABULARY), tokens)
    again = grown({"pictures": seen, "tokens": with_new_word}).numpy()
    assert again == pytest.approx(found, abs=1e-5)
