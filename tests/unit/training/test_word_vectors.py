"""Words that begin as a file in GloVe's format has them."""

import logging
from pathlib import Path

import msgspec
import numpy as np
import pytest

from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary
from tests.support.tiny_model import tiny_config, tiny_encoder
from training.config import ConfigError, TrainingConfig
from training.decoders.merge_lstm import MergeLstmDecoder
from training.encoders import efficientnet_lite
from training.model import build_model
from training.word_vectors import begin_words, word_matrix

WIDTH = 5
VOCABULARY = Vocabulary((*SPECIAL_WORDS, "dog", "runs", "frisbee"))
LINES = (
    "the 0.1 0.1 0.1 0.1 0.1",
    "dog 1 2 -3.5 4e-1 5",
    "at name@domain.com 1 1 1 1 1",  # a word with a space, as in GloVe's largest file
    "runs 0 0 1 0 0",
    "2005 3 3 3 3 3",
    "dog 9 9 9 9 9",
)


def write(folder: Path, *lines: str) -> Path:
    path = folder / "glove.5d.txt"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def test_words_have_the_vectors_of_the_file(tmp_path: Path) -> None:
    matrix = word_matrix(write(tmp_path, *LINES), VOCABULARY, WIDTH, seed=1)
    assert (matrix.shape, matrix.dtype) == ((7, WIDTH), np.float32)
    assert matrix[4] == pytest.approx([1, 2, -3.5, 0.4, 5])
    assert matrix[5] == pytest.approx([0, 0, 1, 0, 0])


def test_what_the_file_lacks_is_random_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write(tmp_path, *LINES)
    with caplog.at_level(logging.INFO):
        matrix = word_matrix(path, VOCABULARY, WIDTH, seed=1)
    assert caplog.messages == [
        "glove.5d.txt: 2 of 3 words; random vectors for the other 1 (as frisbee)"
    ]
    assert len(np.unique(matrix[[0, 1, 2, 3, 6]], axis=0)) == len(SPECIAL_WORDS) + 1
    assert np.array_equal(matrix, word_matrix(path, VOCABULARY, WIDTH, seed=1))
    other = word_matrix(path, VOCABULARY, WIDTH, seed=2)
    assert (matrix != other).any(axis=1).tolist() == [True, True, True, True, False, False, True]


def test_random_vectors_are_spread_as_the_files_are(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    words = [f"word{number}" for number in range(400)]
    vectors = random.normal((5, -5, 0, 1, 2), (0.1, 1, 2, 3, 4), (200, WIDTH))
    lines = (
        " ".join([word, *map(str, vector)])
        for word, vector in zip(words, vectors.round(4), strict=False)
    )
    vocabulary = Vocabulary((*SPECIAL_WORDS, *words))
    matrix = word_matrix(write(tmp_path, *lines), vocabulary, WIDTH, seed=1)
    unknown = matrix[len(SPECIAL_WORDS) + 200 :]
    assert unknown.mean(axis=0) == pytest.approx(vectors.mean(axis=0), abs=1)
    assert unknown.std(axis=0) == pytest.approx(vectors.std(axis=0), rel=0.3)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("dog 1 2 3 4",), "needs a word and 5 numbers on each line, and line 1 differs"),
        (("dog 1 2 3 4 5 6",), "needs a word and 5 numbers on each line, and line 1 differs"),
        (("dog 1 2 3 4 5", "", "runs 1 2 3 4 5"), "and line 2 differs"),
        (("7 5", "dog 1 2 3 4 5"), "and line 1 differs"),  # word2vec's first line
        (("the 1 2 3 4 5", "dog 1 2 x 4 5"), "is damaged on line 2: could not convert"),
        (("dog 1 2 nan 4 5",), "is damaged on line 1: a number is not finite"),
        (("cat 1 2 3 4 5",), "has no word of the vocabulary"),
        ((), "has no word of the vocabulary"),
    ],
)
def test_a_file_that_will_not_do_is_told(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    path = write(tmp_path, *lines)
    with pytest.raises(ConfigError) as caught:
        word_matrix(path, VOCABULARY, WIDTH, seed=1)
    assert caught.value.message.startswith(f"{path}, the file of decoder.word_vectors, ")
    assert told in caught.value.message


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"mine\.txt.*cannot be read: No such file"):
        word_matrix(tmp_path / "mine.txt", VOCABULARY, WIDTH, seed=1)


def config_with(path: Path | None, *, frozen: bool) -> TrainingConfig:
    config = tiny_config("merge-lstm")
    decoder = msgspec.structs.replace(
        config.decoder, word_vectors=path and str(path), freeze_words=frozen
    )
    return msgspec.structs.replace(config, decoder=decoder)


@pytest.mark.parametrize("frozen", [True, False])
def test_a_decoder_begins_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, frozen: bool
) -> None:
    monkeypatch.setattr(efficientnet_lite, "build", tiny_encoder)
    config = config_with(write(tmp_path, *LINES), frozen=frozen)
    decoder = build_model(config, len(VOCABULARY)).decoder
    assert isinstance(decoder, MergeLstmDecoder)
    before = len(decoder.trainable_variables)
    begin_words(decoder, config, VOCABULARY)
    (words,) = decoder.words.get_weights()
    assert words[4] == pytest.approx([1, 2, -3.5, 0.4, 5])
    assert before - len(decoder.trainable_variables) == frozen


def test_without_a_file_words_stay_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite, "build", tiny_encoder)
    config = config_with(None, frozen=False)
    decoder = build_model(config, len(VOCABULARY)).decoder
    before = decoder.words.get_weights()[0]
    begin_words(decoder, config, VOCABULARY)
    assert np.array_equal(decoder.words.get_weights()[0], before)
    assert decoder.words.trainable
