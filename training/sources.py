"""What `--data` names: a data set's folder, a container that holds one, or shards of one."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from training.config import TrainingConfig
from training.data.datasets import load_dataset
from training.data.sampling import Share
from training.data.texts import Texts
from training.places import Place, is_url, open_place
from training.workspace import Workspace, WorkspaceError, open_workspace

_SHARDS = "shards.json"  # as `training.data.shards`, which loads TensorFlow


def open_source(
    config: TrainingConfig,
    data: str,
    runs: Path,
    texts: Sequence[Texts] = (),
    share: Share | None = None,
) -> Workspace:
    """Make a workspace of what `data` names.

    Images in a container are copied into a folder of `runs` first; of shards, only those of this
    process's share are. Raises as `open_workspace`, `open_sharded` and `open_place`.
    """
    with open_place(data) as place:
        if place.has(_SHARDS):
            return _of_shards(config, place, runs, texts, share or Share())
        return open_workspace(config, load_dataset(_local(data, place, runs)), runs, texts)


def _of_shards(
    config: TrainingConfig, place: Place, runs: Path, texts: Sequence[Texts], share: Share
) -> Workspace:
    from training.data.shards import read_shard_set  # TensorFlow's records
    from training.sharding import open_sharded

    if texts:
        raise WorkspaceError(
            "Shards hold their captions without pictures: give --text when you prepare them."
        )
    shards = read_shard_set(place)
    assert shards is not None
    return open_sharded(config, shards, place, runs, share)


def _local(data: str, place: Place, runs: Path) -> Path:
    if not is_url(data):
        return Path(data)
    from training.downloading import download

    where = data.partition("?")[0].rstrip("/")
    name = where.rpartition("/")[2]
    # The last part of a folder's name is the data set's; another place may have the same.
    folder = runs / "downloads" / hashlib.sha256(where.encode()).hexdigest()[:8] / name
    download(place, folder)
    return folder
