"""Vectors of words in GloVe's text format: a word and its numbers on each line, parted by spaces.

The files are those of https://nlp.stanford.edu/projects/glove/ (Pennington, Socher and Manning
2014), `glove.6B.200d.txt` among them, or any other of that format.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from captioner.model.vocabulary import SPECIAL_WORDS, Vocabulary
from training.config import ConfigError, TrainingConfig
from training.decoders.base import CaptionDecoder
from training.decoders.merge_lstm import MergeLstmDecoder

logger = logging.getLogger(__name__)


def begin_words(decoder: CaptionDecoder, config: TrainingConfig, vocabulary: Vocabulary) -> None:
    """Let a decoder's words begin as the file has them that the configuration names, if any.

    Raises `ConfigError` as `word_matrix`.
    """
    settings = config.decoder
    if settings.word_vectors is None:
        return
    assert isinstance(decoder, MergeLstmDecoder)  # as the configuration is checked for
    path, width = Path(settings.word_vectors), decoder.words.output_dim
    decoder.words.set_weights([word_matrix(path, vocabulary, width, seed=config.seed)])
    decoder.words.trainable = not settings.freeze_words


def word_matrix(
    path: Path, vocabulary: Vocabulary, width: int, *, seed: int
) -> NDArray[np.float32]:
    """Give every word's vector [vocabulary, width], those of the file where it has them.

    The special words, and words that the file lacks, get random vectors that are spread as the
    file's are; how many is logged. Raises `ConfigError` where the file cannot be read, a line is
    not a word and `width` finite numbers, or no word of the vocabulary is there.
    """
    found = _read(path, set(vocabulary.words).difference(SPECIAL_WORDS), width)
    if not found:
        raise _fault(path, "has no word of the vocabulary")
    known = np.stack(list(found.values()))
    matrix = np.random.default_rng(seed).normal(
        known.mean(axis=0), known.std(axis=0) + 1e-6, (len(vocabulary), width)
    )
    for row, word in enumerate(vocabulary.words):
        if word in found:
            matrix[row] = found[word]
    missing = [word for word in vocabulary.words[len(SPECIAL_WORDS) :] if word not in found]
    logger.info(
        "%s: %d of %d words; random vectors for the other %d%s",
        path.name,
        len(found),
        len(found) + len(missing),
        len(missing),
        _examples(missing),
    )
    return matrix.astype(np.float32)


def _read(path: Path, wanted: Iterable[str], width: int) -> dict[str, NDArray[np.float32]]:
    """Read the vectors of the words that are wanted; of a word that comes twice, the first."""
    left = {word.encode(): word for word in wanted}
    found: dict[str, NDArray[np.float32]] = {}
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                # From the right: in some files a word has spaces of its own.
                label, *numbers = line.rstrip().rsplit(b" ", width)
                if len(numbers) != width or _ends_in_number(label):
                    raise _fault(
                        path,
                        f"needs a word and {width} numbers on each line, and line {number} differs",
                    )
                if label in left:
                    found[left.pop(label)] = _vector(path, number, numbers)
    except OSError as fault:
        raise _fault(path, f"cannot be read: {fault.strerror}") from None
    return found


def _vector(path: Path, line: int, numbers: list[bytes]) -> NDArray[np.float32]:
    try:
        vector = np.array([float(number) for number in numbers], np.float32)
    except ValueError as fault:
        raise _fault(path, f"is damaged on line {line}: {fault}") from None
    if not np.isfinite(vector).all():
        raise _fault(path, f"is damaged on line {line}: a number is not finite")
    return vector


def _ends_in_number(label: bytes) -> bool:
    """Whether a line had more numbers than were split off it."""
    words, _, last = label.rpartition(b" ")
    try:
        float(last)
    except ValueError:
        return False
    return bool(words)


def _examples(words: list[str]) -> str:
    return f" (as {', '.join(words[:5])})" if words else ""


def _fault(path: Path, what: str) -> ConfigError:
    return ConfigError(f"{path}, the file of decoder.word_vectors, {what}.")
