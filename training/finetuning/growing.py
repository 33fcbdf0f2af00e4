"""A vocabulary that grows: words that a collection uses and the model has never heard.

A new word begins as the mixture of known words that the model would have said in its place, so that
"hound" begins as little else than "dog"; its vector and its bias learn from there.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from captioner.model.bundle import Bundle
from captioner.model.vocabulary import SPECIAL_WORDS
from training.data.captions import sentences_of
from training.data.pictures import Pictures
from training.export import log_probs_along

_PLACES = 12  # of a new word that are looked at: more would change its beginning little

type Mixtures = NDArray[np.float32]
"""[new words, known words]: each row sums to one."""


def new_words(bundle: Bundle, pictures: Pictures, *, min_count: int) -> list[str]:
    """Give the words that these captions use at least so often and the bundle does not know."""
    counts = Counter(word for _, words in _sentences(bundle, pictures) for word in words)
    unknown = (
        word
        for word, count in counts.items()
        if word not in bundle.vocabulary and count >= min_count
    )
    return sorted(unknown, key=lambda word: (-counts[word], word))


def mixtures(bundle: Bundle, pictures: Pictures, words: Sequence[str]) -> Mixtures:
    """Give what the bundle would have said instead of each of `words`, in these captions."""
    rows = {word: number for number, word in enumerate(words)}
    sums = np.zeros((len(words), len(bundle.vocabulary)), np.float32)
    seen: Counter[str] = Counter()
    for picture, sentence in _sentences(bundle, pictures):
        places = [
            place for place, word in enumerate(sentence) if word in rows and seen[word] < _PLACES
        ]
        if places:
            step = bundle.start(np.asarray(pictures.pixels[picture : picture + 1]))
            ids = bundle.vocabulary.encode(sentence[: places[-1]])[1:-1]
            probabilities = np.exp(log_probs_along(step, ids))
            for place in places:
                sums[rows[sentence[place]]] += probabilities[place]
                seen[sentence[place]] += 1
    sums[:, : len(SPECIAL_WORDS)] = 0  # no word: an end, or one that is unknown
    return sums / sums.sum(axis=1, keepdims=True)


def _sentences(bundle: Bundle, pictures: Pictures) -> Iterator[tuple[int, list[str]]]:
    longest = bundle.beam_settings.max_words
    for number, image in enumerate(pictures.images):
        for words in sentences_of(image.captions, longest=longest):
            yield number, words


def grow(old: keras.Model, grown: keras.Model, mixed: Mixtures) -> None:
    """Give `grown`, built for more words, the weights of `old`, its new words' mixed from these."""
    known = mixed.shape[1]
    for source, target in zip(old.weights, grown.weights, strict=True):
        values = ops.convert_to_numpy(source)
        for axis in range(values.ndim):
            if (values.shape[axis], target.shape[axis]) == (known, known + len(mixed)):
                added = np.moveaxis(np.tensordot(mixed, values, (1, axis)), 0, axis)
                values = np.concatenate([values, added], axis)
        target.assign(values)
