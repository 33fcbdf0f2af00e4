"""Self-critical training (Rennie et al. 2017): the model's own captions, weighted by their CIDEr-D.

Captions come from the model's own beam search rather than from sampling word by word, which in
earlier trials made captions short and alike; the mean reward of a picture's captions is what each
is held against.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.decoding import BeamSettings, Hypothesis
from captioner.model.vocabulary import END, PAD, START, Vocabulary
from training.data.batches import Views
from training.decode import KerasCaptioner

Reward = Callable[[int, Sequence[Sequence[str]]], list[float]]
"""(image, captions as words) -> what each is worth."""


def self_critical_batches(
    captioner: KerasCaptioner,
    views: Views,
    vocabulary: Vocabulary,
    reward: Reward,
    search: BeamSettings,
    *,
    images_per_step: int,
    seed: int,
) -> tf.data.Dataset:
    """Give `(inputs, next tokens, weights)` of one epoch, sampled from the model as it then is.

    The weights are each caption's advantage, for its words and its end: cross entropy so weighted
    has the policy gradient.
    """
    generator = np.random.default_rng(seed)
    steps = len(views.plain) // images_per_step
    shape = (images_per_step, search.beam_size, search.max_words + 1)

    def batches() -> Iterator[tuple[dict[str, Any], NDArray[np.int32], NDArray[np.float32]]]:
        order = generator.permutation(len(views.plain))
        for step in range(steps):
            rows = order[step * images_per_step : (step + 1) * images_per_step]
            seen = views.take(rows, np.zeros(len(rows), np.bool_))
            found = captioner.search(seen, search, batch=images_per_step)
            tokens, weights = np.full((*shape[:2], shape[2] + 1), PAD, np.int32), np.zeros(shape)
            for place, (row, ranked) in enumerate(zip(rows, found, strict=True)):
                words = [vocabulary.decode(each.ids) for each in ranked]
                rewards = np.array(reward(int(row), words))
                for column, advantage in enumerate(rewards - rewards.mean()):
                    ids = _tokens(ranked[column], search.max_words)
                    tokens[place, column, : len(ids)] = ids
                    weights[place, column, : len(ids) - 1] = advantage
            yield (
                {views.kind: seen, "tokens": tokens[:, :, :-1]},
                tokens[:, :, 1:],
                weights.astype(np.float32),
            )

    signature = (
        {
            views.kind: tf.TensorSpec((images_per_step, *views.plain.shape[1:]), views.plain.dtype),
            "tokens": tf.TensorSpec(shape, tf.int32),
        },
        tf.TensorSpec(shape, tf.int32),
        tf.TensorSpec(shape, tf.float32),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(steps))


def _tokens(found: Hypothesis, max_words: int) -> list[int]:
    """Give a caption from start to end; one cut off at the limit was not ended by the model."""
    ended = [END] if len(found.ids) < max_words else []
    return [START, *found.ids, *ended]
