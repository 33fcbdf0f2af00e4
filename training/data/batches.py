"""Training batches: pictures (or what was computed of them) with all their captions."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from captioner.model.vocabulary import PAD
from training.data.encoding import Captions
from training.data.sampling import Sampler
from training.data.views import Seen


def training_batches(sampler: Sampler, *, any_length: bool) -> tf.data.Dataset:
    """Give `(inputs, next tokens, weights)`: one epoch, in another order each time.

    Where this process has several replicas, their parts of a step follow each other. `inputs` are
    what is seen and `tokens` [batch, captions, length]; the weights are 1 for words and ends, 0 for
    padding. With `any_length`, tokens are cut to the longest caption of the step.
    """

    def batches() -> Iterator[tuple[Seen, NDArray[np.int32], NDArray[np.float32]]]:
        for step in sampler.steps():
            tokens = sampler.tokens(step.pictures, step.texts)
            if any_length:
                tokens = tokens[:, :, : step.longest]
            following = tokens[:, :, 1:]
            weights = (following != PAD).astype(np.float32)
            yield {**step.seen, "tokens": tokens[:, :, :-1]}, following, weights

    return dataset_of(batches, steps=len(sampler) * sampler.replicas, any_length=any_length)


def plain_batches(everything: Seen, captions: Captions, *, images_per_step: int) -> tf.data.Dataset:
    """Give `(inputs, next tokens, weights)` of all pictures, in order; `everything` is seen."""
    count = len(captions.tokens)

    def batches() -> Iterator[tuple[Seen, NDArray[np.int32], NDArray[np.float32]]]:
        for start in range(0, count, images_per_step):
            rows = slice(start, start + images_per_step)
            tokens = captions.tokens[rows]
            seen = {name: np.asarray(all_rows[rows]) for name, all_rows in everything.items()}
            following = tokens[:, :, 1:]
            weights = (following != PAD).astype(np.float32)
            yield {**seen, "tokens": tokens[:, :, :-1]}, following, weights

    return dataset_of(batches, steps=-(-count // images_per_step))


def dataset_of(
    batches: Callable[[], Iterator[tuple[Seen, NDArray[Any], NDArray[Any]]]],
    *,
    steps: int,
    any_length: bool = False,
    ahead: int = 4,
) -> tf.data.Dataset:
    """Give what `batches` gives, an epoch of so many steps, which are made `ahead` of their use.

    The first axis of all arrays is open, and with `any_length` the third of captions too.
    """

    def spec(rows: NDArray[Any], *, of_captions: bool) -> tf.TensorSpec:
        shape = [None, *rows.shape[1:]]
        if of_captions and any_length:
            shape[2] = None
        return tf.TensorSpec(shape, rows.dtype)

    inputs, following, weights = next(batches())
    signature = (
        {name: spec(rows, of_captions=name == "tokens") for name, rows in inputs.items()},
        spec(following, of_captions=True),
        spec(weights, of_captions=True),
    )
    dataset = tf.data.Dataset.from_generator(batches, output_signature=signature)
    return dataset.apply(tf.data.experimental.assert_cardinality(steps)).prefetch(ahead)
