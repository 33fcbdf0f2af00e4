"""Who trains together: one process or several, each on its devices.

Azure Machine Learning, and every other launcher of TensorFlow jobs, tells each process its place in
the environment variable `TF_CONFIG`; without it a process trains by itself, on all GPUs it has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from keras.backend import standardize_dtype
from numpy.typing import NDArray

from training.data.sampling import Share

_SUM = tf.distribute.ReduceOp.SUM


@dataclass(frozen=True, slots=True)
class Cluster:
    """The processes of a run and the strategy that keeps their variables alike.

    `worker` is this process's number of `workers`; the first is the chief, which alone scores,
    saves and talks.
    """

    strategy: tf.distribute.Strategy = field(default_factory=tf.distribute.get_strategy)
    worker: int = 0
    workers: int = 1

    @property
    def is_chief(self) -> bool:
        return self.worker == 0

    @property
    def share(self) -> Share:
        """The part of every step that this process learns from."""
        replicas = self.strategy.num_replicas_in_sync
        own = replicas // self.workers
        return Share(self.worker * own, own, replicas)

    def from_chief(self, make: Callable[[], bytes]) -> bytes:
        """Give what the chief makes, to all; they must all ask for it."""
        if self.workers == 1:
            return make()
        made = np.frombuffer(make() if self.is_chief else b"", np.uint8).astype(np.float32)
        length = int(self._chiefs(np.array(len(made), np.float64)))
        told = self._chiefs(made if self.is_chief else np.zeros(length, np.float32))
        return told.astype(np.uint8).tobytes()

    def agree(self, decide: Callable[[], bool]) -> bool:
        """Let the chief decide, for all."""
        return self.from_chief(lambda: b"\1" if decide() else b"\0") == b"\1"

    def share_values(self, variables: Sequence[Any]) -> None:
        """Give the variables of all processes the values that the chief's have."""
        if self.workers == 1:
            return
        floats = [each for each in variables if standardize_dtype(each.dtype) == "float32"]
        known = {id(each) for each in floats}
        self._share_values(floats, np.float32)
        # Whole numbers, such as counters and seeds, are exact in doubles.
        self._share_values([each for each in variables if id(each) not in known], np.float64)

    def _share_values(self, variables: Sequence[Any], kind: type[np.floating[Any]]) -> None:
        if not variables:
            return
        values = [variable.numpy() for variable in variables]
        flat = np.concatenate([value.ravel().astype(kind) for value in values])
        ends = np.cumsum([value.size for value in values])[:-1]
        told = np.split(self._chiefs(flat), ends)
        with self.strategy.scope():
            for variable, value, new in zip(variables, values, told, strict=True):
                variable.assign(new.astype(value.dtype).reshape(value.shape))

    def _chiefs(self, value: NDArray[Any]) -> NDArray[Any]:
        """Give the chief's value, whose shape all know."""

        def of_replica(value: Any) -> Any:
            replica = tf.distribute.get_replica_context()
            is_first = tf.equal(replica.replica_id_in_sync_group, 0)
            return replica.all_reduce(_SUM, tf.where(is_first, value, tf.zeros_like(value)))

        @tf.function(autograph=False)
        def summed(value: Any) -> Any:
            told = self.strategy.run(of_replica, args=(value,))
            return self.strategy.experimental_local_results(told)[0]

        return np.asarray(summed(tf.constant(value)))


def join_cluster() -> Cluster:
    """Find out who trains together; where others do, wait until all are there.

    To be called before TensorFlow does anything else.
    """
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver()
    tasks = resolver.cluster_spec().as_dict()
    chiefs, others = len(tasks.get("chief", ())), len(tasks.get("worker", ()))
    if chiefs + others > 1:
        worker = resolver.task_id + (chiefs if resolver.task_type == "worker" else 0)
        strategy = tf.distribute.MultiWorkerMirroredStrategy(cluster_resolver=resolver)
        return Cluster(strategy, worker, chiefs + others)
    if len(tf.config.list_logical_devices("GPU")) > 1:
        return Cluster(tf.distribute.MirroredStrategy())
    return Cluster()
