"""Self-critical training (Rennie et al. 2017): the model's own captions, weighted by their CIDEr-D.

Captions come from the model's own beam search rather than from sampling word by word, which in
earlier trials made captions short and alike; the mean reward of a picture's captions is what each
is held against.
"""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.decoding import BeamSettings, Hypothesis
from captioner.model.vocabulary import END, PAD, START, Vocabulary
from training.data.batches import dataset_of
from training.data.sampling import Sampler
from training.data.views import Rows, Seen
from training.decode import KerasCaptioner

RewardFunction = Callable[[Rows, Rows, Sequence[Sequence[Sequence[str]]]], NDArray[np.float64]]
"""(pictures, texts, captions of each as words) -> what each caption is worth."""


def self_critical_batches(
    captioner: KerasCaptioner,
    sampler: Sampler,
    vocabulary: Vocabulary,
    reward: RewardFunction,
    search: BeamSettings,
) -> tf.data.Dataset:
    """Give `(inputs, next tokens, weights)` of one epoch, sampled from the model as it is by then.

    Each replica captions its own part. One step is made while another is learnt from: captions are
    of the model as it was two steps before at most. The weights are each caption's advantage, for
    its words and its end: cross entropy so weighted has the policy gradient.
    """

    def batches() -> Iterator[tuple[Seen, NDArray[np.int32], NDArray[np.float32]]]:
        for pictures, texts, seen, _ in sampler.steps():
            found = list(captioner.search(seen, search, batch=len(pictures) + len(texts)))
            words = [[vocabulary.decode(each.ids) for each in ranked] for ranked in found]
            rewards = reward(pictures, texts, words)
            advantages = rewards - rewards.mean(axis=1, keepdims=True)
            shape = (len(found), search.beam_size, search.max_words + 2)
            tokens, weights = np.full(shape, PAD, np.int32), np.zeros(shape, np.float32)
            for place, ranked in enumerate(found):
                for column, each in enumerate(ranked):
                    ids = _tokens(each, search.max_words)
                    tokens[place, column, : len(ids)] = ids
                    weights[place, column, 1 : len(ids)] = advantages[place, column]
            yield {**seen, "tokens": tokens[:, :, :-1]}, tokens[:, :, 1:], weights[:, :, 1:]

    return dataset_of(batches, steps=len(sampler) * sampler.replicas, ahead=1)


def _tokens(found: Hypothesis, max_words: int) -> list[int]:
    """Give a caption from start to end; one cut off at the limit was not ended by the model."""
    ended = [END] if len(found.ids) < max_words else []
    return [START, *found.ids, *ended]
