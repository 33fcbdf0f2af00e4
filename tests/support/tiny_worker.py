"""A process of a tiny training run: alone, beside others, or on several devices of its own.

`python -m tests.support.tiny_worker JSON` with the fields of `Job`; what TF_CONFIG says of others
is heeded.
"""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pytest

EPOCHS, REPLICAS = 2, 2


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to train and what to leave behind.

    `out` gets the loss of each step as they come; `devices` are those of this process; with
    `killed_after` it kills itself when so many epochs are kept; `rewarded` adds a stage that learns
    from the model's own captions.
    """

    data: str
    runs: str
    checkpoints: str
    out: str
    devices: int = 1
    killed_after: int = 0
    rewarded: bool = False


def learn(job: Job) -> list[np.ndarray]:
    """Train; give the weights that it ends with."""
    import tensorflow as tf  # noqa: PLC0415 - devices are made before it is used

    if job.devices > 1:
        device = tf.config.list_physical_devices("CPU")[0]
        several = [tf.config.LogicalDeviceConfiguration()] * job.devices
        tf.config.set_logical_device_configuration(device, several)
    from tests.support.tiny_model import tiny_config, use_tiny_encoders  # noqa: PLC0415
    from training.checkpoints import StageCheckpoints  # noqa: PLC0415
    from training.cluster import Cluster, join_cluster  # noqa: PLC0415
    from training.learning import Learner  # noqa: PLC0415
    from training.places import open_place  # noqa: PLC0415
    from training.sources import open_source  # noqa: PLC0415
    from training.train import train  # noqa: PLC0415

    begin, save = Learner.__init__, StageCheckpoints.save

    def beginning(self, *arguments, **options):
        begin(self, *arguments, **options)
        step = self._step

        def stepping(iterator):
            loss = step(iterator)
            with Path(job.out).open("a") as file:
                file.write(f"{float(loss):.9g}\n")
            return loss

        self._step = stepping

    def saving(self, epochs, state):
        save(self, epochs, state)
        if epochs == job.killed_after:
            os.kill(os.getpid(), signal.SIGKILL)

    with pytest.MonkeyPatch.context() as patch, open_place(job.checkpoints) as checkpoints:
        use_tiny_encoders(patch)
        patch.setattr(Learner, "__init__", beginning)
        patch.setattr(StageCheckpoints, "save", saving)
        cluster = join_cluster()
        if job.devices > 1:
            names = [device.name for device in tf.config.list_logical_devices("CPU")]
            cluster = Cluster(tf.distribute.MirroredStrategy(names))
        config = tiny_config(epochs=EPOCHS, flips=True, crops=1)
        if job.rewarded:
            reward = tiny_config(epochs=1, objective="self-critical", encoder_from_block=1).stages[
                0
            ]
            stages = (*config.stages, msgspec.structs.replace(reward, name="reward"))
            config = msgspec.structs.replace(config, stages=stages)
        runs = Path(job.runs, str(cluster.worker))
        workspace = open_source(config, job.data, runs, share=cluster.share)
        return train(workspace, cluster, checkpoints).get_weights()


if __name__ == "__main__":
    learn(msgspec.json.decode(sys.argv[1], type=Job))
