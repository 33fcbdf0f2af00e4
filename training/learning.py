"""The loop that all stages learn by, on one device or on many.

Each replica computes the loss of its part of a step, as a share of the whole step's; gradients are
summed over all before they are clipped. So the weights follow the same way however many replicas
share the work.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from training.cluster import Cluster
from training.model import CaptionModel, SmoothedCrossEntropy

_SUM = tf.distribute.ReduceOp.SUM


class Learner:
    """A model, its optimizer and its loss, alike on all replicas of a cluster."""

    def __init__(
        self,
        model: CaptionModel,
        optimizer: keras.optimizers.Optimizer,
        loss: SmoothedCrossEntropy,
        cluster: Cluster,
        *,
        mean_of_weights: bool,
    ) -> None:
        """Take a model and an optimizer that were made in the scope of the cluster's strategy.

        The loss of a step is the weighted mean of that of its places, or with `mean_of_weights`
        off the sum of weighted losses by the number of all places.
        """
        self.model, self.optimizer = model, optimizer
        self._loss, self._cluster = loss, cluster
        self._mean_of_weights = mean_of_weights
        self._step = tf.function(self._one_step, autograph=False, jit_compile=False)

    @property
    def variables(self) -> list[Any]:
        """All that a step changes."""
        return [*self.model.variables, *self.optimizer.variables]

    def epoch(self, batches: tf.data.Dataset, after_step: Callable[[], object]) -> float:
        """Learn from every step once; give the mean of their losses."""
        shared = self._cluster.strategy.distribute_datasets_from_function(lambda _: batches)
        iterator = iter(shared)
        losses = []
        for _ in range(len(batches) // self._cluster.share.count):
            losses.append(self._step(iterator))
            after_step()
        return float(np.mean([loss.numpy() for loss in losses]))

    def take_weights(self, model: CaptionModel) -> None:
        """Begin from a model's weights."""
        if model is not self.model:
            with self._cluster.strategy.scope():
                self.model.set_weights(model.get_weights())

    def state(self) -> dict[str, NDArray[Any]]:
        """Give all that a step changes, by number and path."""
        return {
            f"{number:04} {variable.path}": variable.numpy()
            for number, variable in enumerate(self.variables)
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        """Go on from what `state` gave."""
        with self._cluster.strategy.scope():
            for variable, name in zip(self.variables, sorted(state), strict=True):
                variable.assign(state[name])

    @contextmanager
    def averaged_in(self, model: CaptionModel) -> Iterator[None]:
        """Put all weights into a model, those that learn as their average over time.

        Where it is the one that learns, it gets its own back.
        """
        inner = getattr(self.optimizer, "inner_optimizer", self.optimizer)
        learnt = zip(
            self.model.trainable_variables, inner._model_variables_moving_average, strict=True
        )
        means = {id(variable): mean for variable, mean in learnt}  # paths may occur twice
        raw = self.model.get_weights()
        model.set_weights([means.get(id(each), each).numpy() for each in self.model.weights])
        yield
        if model is self.model:
            model.set_weights(raw)

    def _one_step(self, iterator: Any) -> Any:
        strategy = self._cluster.strategy
        losses = strategy.run(self._of_replica, args=(next(iterator),))
        return strategy.experimental_local_results(losses)[0]

    def _of_replica(self, batch: Any) -> Any:
        """Learn from one replica's part of a step; give the loss of the whole step."""
        inputs, following, weights = batch
        replica = tf.distribute.get_replica_context()
        places = tf.reduce_sum(weights if self._mean_of_weights else tf.ones_like(weights))
        places = replica.all_reduce(_SUM, places)
        with tf.GradientTape() as tape:
            logits = self.model(inputs, training=True)
            loss = tf.reduce_sum(self._loss(following, logits, sample_weight=weights)) / places
            scaled = self.optimizer.scale_loss(loss)
        variables = self.model.trainable_variables
        gradients = tape.gradient(scaled, variables)
        reached = [place for place, gradient in enumerate(gradients) if gradient is not None]
        summed = replica.all_reduce(
            _SUM, [loss, *(tf.convert_to_tensor(gradients[place]) for place in reached)]
        )
        self.optimizer.apply(summed[1:], [variables[place] for place in reached])
        return summed[0]


def validation(
    model: CaptionModel, loss: SmoothedCrossEntropy, batches: tf.data.Dataset
) -> Callable[[], float]:
    """Prepare to tell the weighted mean of a model's loss over all places of `batches`."""

    @tf.function(reduce_retracing=True, autograph=False)
    def sums(inputs: Any, following: Any, weights: Any) -> Any:
        losses = loss(following, model(inputs, training=False), sample_weight=weights)
        return tf.reduce_sum(losses), tf.reduce_sum(weights)

    def mean() -> float:
        found = np.array([[each.numpy() for each in sums(*batch)] for batch in batches])
        total, places = found.sum(axis=0)
        return float(total / places)

    return mean
