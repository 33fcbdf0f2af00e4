"""What a picture shows, in words, and how strange it is.

The recogniser is a second, frozen end of the encoder, as ImageNet taught it: tuned for captions,
the first one forgets whatever the captioned pictures do not show. Of its 1,000 classes it makes
plain words (`training.words`); for what ImageNet has no class for ("man", "snow") it reads the same
features with a probe for each word, learnt from the captions.

A picture is strange where the leading directions of the training pictures' features do not hold its
own (the residual of Wang et al. 2022, "ViM: Out-Of-Distribution with Virtual-logit Matching").
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from training.decoders.base import Tensor, Tensors

DIRECTIONS = 128
# Below, a probability of ImageNet's classes tells nothing more.
LEAST_PROBABILITY = 1e-4


class Recogniser(layers.Layer):
    """Features before the encoder's last blocks -> what a decoder is told beside the grid.

    `tags` [batch, tags]: the chance of each that the picture shows it; `novelty` [batch]: the share
    of its features that the training pictures' directions do not hold, 0 to 1; `trust` [batch] in
    the grid: near 1 for pictures like those learnt from, near 0 for strange ones.
    """

    def __init__(self, tail: keras.Model, classes: int, tags: Sequence[str]) -> None:
        """Take `tail`: features -> grid [batch, patches, width], with ImageNet's weights.

        All other weights are nothing until `training.tagging` has fitted them.
        """
        super().__init__(name="recogniser")
        self.tags = tuple(tags)
        self.tail = tail
        width, count = tail.output_shape[-1], len(self.tags)

        def constant(name: str, *shape: int) -> Any:
            return self.add_weight(shape, "zeros", name=name, trainable=False)

        self.kernel, self.bias = constant("kernel", width, classes), constant("bias", classes)
        self.words = constant("words", classes, count)
        self.slope, self.offset = constant("slope", count), constant("offset", count)
        self.probe = constant("probe", width, count)
        self.basis = constant("basis", width, min(DIRECTIONS, width))
        self.edge = constant("edge", 2)
        self.built = True
        self.trainable = False  # last, so that it holds for the tail as well

    def call(self, features: Tensor) -> Tensors:
        return self.recognise(self.embed(features))

    def embed(self, features: Tensor) -> Tensor:
        """Give the mean of the grid [batch, width], from which all else follows."""
        return ops.mean(self.tail(features, training=False), axis=1)

    def recognise(self, embedding: Tensor) -> Tensors:
        """Give `tags`, `novelty` and `trust` of embeddings [batch, width]."""
        classes = ops.softmax(ops.matmul(embedding, self.kernel) + self.bias, axis=-1)
        found = ops.log(ops.matmul(classes, self.words) + LEAST_PROBABILITY)
        probed = ops.matmul(embedding, self.probe)
        length = ops.sum(ops.square(embedding), axis=-1)
        held = ops.sum(ops.square(ops.matmul(embedding, self.basis)), axis=-1)
        novelty = 1 - held / ops.maximum(length, 1e-6)
        return {
            "tags": ops.sigmoid(found * self.slope + probed + self.offset),
            "novelty": novelty,
            "trust": ops.sigmoid((self.edge[0] - novelty) * self.edge[1]),
        }
