"""Many replicas learn what one does; what was killed goes on elsewhere; shards are the data.

On CPUs: two processes on loopback stand for two machines, two devices of one for two GPUs.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import numpy as np
import pytest

from tests.support import tiny_dataset
from tests.support.azurite import Azurite
from tests.support.tiny_model import tiny_config
from tests.support.tiny_worker import EPOCHS, REPLICAS, Job, learn
from training.config import ConfigError
from training.data.datasets import DataError, load_dataset
from training.data.sampling import Share
from training.data.shards import read_shard_set
from training.data.splits import Split
from training.places import PlaceError, open_place
from training.sharding import open_sharded, write_shards
from training.sources import open_source
from training.workspace import Workspace, open_workspace

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SHARDS = 4
ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Storage:
    """A container of an Azurite, and the settings by which it is reached."""

    url: str
    settings: dict[str, str]


@pytest.fixture(scope="module")
def storage(azurite: Azurite) -> Iterator[Storage]:
    settings = {"AzureWebJobsStorage": azurite.connection_string}
    with azurite.blobs() as blobs, pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(name, value)
        yield Storage(f"{blobs.primary_endpoint}/training-{os.getpid()}", settings)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("prepared")
    dataset = load_dataset(tiny_dataset.write_table(folder / "shapes"))
    return open_workspace(tiny_config(), dataset, folder / "runs")


@pytest.fixture(scope="module")
def shards(prepared: Workspace, storage: Storage) -> str:
    """The tiny data set as shards in the container."""
    url = f"{storage.url}/shards"
    with open_place(url, make=True) as place:
        write_shards(prepared, place, SHARDS)
    return url


def captions(workspace: Workspace, split: Split) -> list[tuple[str, tuple[str, ...]]]:
    return [(image.name, image.captions) for image in workspace.pictures[split].images]


def test_shards_are_the_data_they_were_made_of(
    prepared: Workspace, shards: str, tmp_path: Path
) -> None:
    found = open_source(tiny_config(), shards, tmp_path)
    assert found.lanes == SHARDS
    assert found.vocabulary.words == prepared.vocabulary.words
    assert found.describe_data() == prepared.describe_data()
    for split in ("train", "dev", "test"):
        assert captions(found, split) == captions(prepared, split)
    for split in ("train", "dev"):
        assert np.array_equal(found.pictures[split].pixels, prepared.pictures[split].pixels)
    assert not len(found.pictures["test"].pixels)  # nothing is measured on shards


def test_a_manifest_tells_what_is_there(shards: str, tmp_path: Path) -> None:
    with open_place(shards) as place:
        told = read_shard_set(place)
        sizes = {name: size for name, size, _ in place.files()}
    assert told is not None
    assert {name: split.images for name, split in told.splits.items()} == tiny_dataset.SPLIT_SIZES
    files = [told.vocabulary]
    for split in told.splits.values():
        assert sum(each.images for each in split.shards) == split.images
        files += [split.captions_file, *split.shards]
    assert {each.name: each.bytes for each in files} | {
        "shards.json": sizes["shards.json"]
    } == sizes


def test_each_process_reads_the_shards_of_its_own_replicas(
    prepared: Workspace, shards: str, tmp_path: Path
) -> None:
    share = Share(1, 1, 2)
    found = open_source(tiny_config(), shards, tmp_path, share=share).pictures["train"]
    own = np.arange(1, len(found.images), 2)
    pixels = prepared.pictures["train"].pixels
    assert np.array_equal(found.rows, own)
    assert np.array_equal(found.pixels[own], pixels[own])
    assert not found.pixels[::2].any()


def test_shards_that_are_there_are_not_written_again(prepared: Workspace, shards: str) -> None:
    with open_place(shards) as place:
        before = list(place.files())
        write_shards(prepared, place, SHARDS)
        assert list(place.files()) == before


def test_writing_goes_on_where_it_was(prepared: Workspace, tmp_path: Path) -> None:
    with open_place(str(tmp_path / "shards")) as place:
        really, puts = type(place).put, []

        def putting(self, name: str, source: Path) -> None:
            if len(puts) == 3:
                raise KeyboardInterrupt
            puts.append(name)
            really(self, name, source)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(place), "put", putting)
            with pytest.raises(KeyboardInterrupt):
                write_shards(prepared, place, SHARDS)
        assert read_shard_set(place) is None
        marks = {name: mark for name, _, mark in place.files()}
        write_shards(prepared, place, SHARDS)
        after = {name: mark for name, _, mark in place.files()}
        assert {name: after[name] for name in puts} == {name: marks[name] for name in puts}
        assert "unfinished.json" not in after
        with pytest.raises(PlaceError, match="holds shards of other pictures"):
            write_shards(prepared, place, SHARDS - 1)


def test_shards_of_other_settings_are_refused(shards: str, tmp_path: Path) -> None:
    config = tiny_config()
    other = msgspec.structs.replace(config, data=msgspec.structs.replace(config.data, max_words=9))
    with pytest.raises(ConfigError, match="made by another"):
        open_source(other, shards, tmp_path)
    with pytest.raises(ConfigError, match="4 shards cannot be shared evenly by 3 replicas"):
        open_source(config, shards, tmp_path, share=Share(0, 1, 3))


def test_a_damaged_shard_is_told(prepared: Workspace, tmp_path: Path) -> None:
    with open_place(str(tmp_path / "shards")) as place:
        told = write_shards(prepared, place, 2)
        place.write(told.splits["dev"].shards[1].name, b"something else")
        with pytest.raises(DataError, match=r"dev-00001-of-00002\.tfrecord in .* is damaged"):
            open_sharded(tiny_config(), told, place, tmp_path / "runs", Share())


def test_images_in_a_container_are_data_as_well(
    prepared: Workspace, storage: Storage, tmp_path: Path
) -> None:
    folder = tiny_dataset.write_table(tmp_path / "shapes")
    url = f"{storage.url}/images/shapes"
    with open_place(url, make=True) as place:
        for path in folder.rglob("*"):
            if path.is_file():
                place.put(path.relative_to(folder).as_posix(), path)
    found = open_source(tiny_config(), url, tmp_path / "runs")
    assert found.describe_data() == prepared.describe_data()


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


def start(job: Job, settings: dict[str, str], tf_config: object = None) -> subprocess.Popen[str]:
    environment = {**os.environ, **settings, "TF_CPP_MIN_LOG_LEVEL": "2"}
    if tf_config:
        environment["TF_CONFIG"] = json.dumps(tf_config)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.support.tiny_worker", msgspec.json.encode(job)],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def losses(job: Job) -> list[float]:
    return [float(line) for line in Path(job.out).read_text().splitlines()]


@pytest.fixture(scope="module")
def jobs(
    shards: str, storage: Storage, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Job]:
    folder = tmp_path_factory.mktemp("at-scale")

    def job(name: str, number: int = 0, **options: int) -> Job:
        return Job(
            data=shards,
            runs=str(folder / f"{name}-{number}"),
            checkpoints=f"{storage.url}/checkpoints/{name}",
            out=str(folder / f"{name}-{number}.losses"),
            **options,
        )

    return job


@pytest.fixture(scope="module")
def alone(jobs: Callable[..., Job]) -> tuple[list[float], list[np.ndarray]]:
    """The losses of each step, and the weights that a run of one device ends with."""
    job = jobs("alone")
    weights = learn(job)
    return losses(job), weights


def test_two_workers_learn_what_one_does_and_one_goes_on_from_there(
    jobs: Callable[..., Job],
    storage: Storage,
    alone: tuple[list[float], list[np.ndarray]],
) -> None:
    """On the same steps; both are killed after the first epoch."""
    expected, weights = alone
    addresses = [f"127.0.0.1:{free_port()}" for _ in range(REPLICAS)]
    parts = [jobs("pair", number, killed_after=1) for number in range(REPLICAS)]
    with ExitStack() as stack:
        workers = [
            stack.enter_context(
                start(
                    job,
                    storage.settings,
                    {
                        "cluster": {"worker": addresses},
                        "task": {"type": "worker", "index": number},
                    },
                )
            )
            for number, job in enumerate(parts)
        ]
        told, _ = workers[0].communicate(timeout=900)
        workers[1].kill()
    steps = len(expected) // EPOCHS
    assert workers[0].returncode == -9, told
    for job in parts:
        assert losses(job) == pytest.approx(expected[:steps], rel=1e-4)
    went_on = replace(parts[0], killed_after=0, runs=f"{parts[0].runs}-again")
    found = learn(went_on)
    assert losses(went_on) == pytest.approx(expected, rel=1e-3)
    for one, other in zip(found, weights, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


def test_two_devices_of_one_process_learn_what_one_does(
    jobs: Callable[..., Job],
    storage: Storage,
    alone: tuple[list[float], list[np.ndarray]],
) -> None:
    job = jobs("devices", devices=REPLICAS, rewarded=True)
    with start(job, storage.settings) as process:
        told, _ = process.communicate(timeout=900)
    assert process.returncode == 0, told
    of_captions, of_rewards = np.split(np.array(losses(job)), [len(alone[0])])
    assert of_captions == pytest.approx(alone[0], rel=1e-3)
    assert len(of_rewards) == len(alone[0]) // EPOCHS
    assert np.isfinite(of_rewards).all()
