"""host.json: its defaults are the real host's, and a typing mistake in it does not go unseen."""

import json
from pathlib import Path
from typing import Any

import pytest

from devhost.errors import HostError
from devhost.host_json import Blobs, HostJson, read_host_json


def read(folder: Path, **content: Any) -> HostJson:
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **content}))
    return read_host_json(folder)


def test_the_defaults_are_the_real_hosts(tmp_path: Path) -> None:
    host_json = read(tmp_path)
    assert host_json.extensions.http.route_prefix == "api"
    queues = host_json.extensions.queues
    assert (queues.batch_size, queues.max_dequeue_count, queues.visibility_timeout) == (16, 5, 0)
    assert (queues.max_polling_interval, queues.message_encoding) == (60, "base64")
    assert host_json.extensions.blobs.poison_blob_threshold == 5
    assert host_json.function_timeout is None
    assert host_json.extension_bundle is None


def test_everything_that_a_project_writes_is_read(tmp_path: Path) -> None:
    host_json = read(
        tmp_path,
        functions=["one"],
        functionTimeout="00:05:00",
        extensionBundle={
            "id": "Microsoft.Azure.Functions.ExtensionBundle",
            "version": "[4.*, 5.0.0)",
        },
        extensions={
            "http": {"routePrefix": "", "maxConcurrentRequests": 2, "customHeaders": {"X": "1"}},
            "queues": {"maxPollingInterval": "00:00:02", "visibilityTimeout": "00:00:30"},
            "cosmosDB": {"anything": 1},
        },
        logging={"logLevel": {"default": "Information"}},
        telemetryMode="OpenTelemetry",
    )
    assert host_json.functions == ["one"]
    assert host_json.function_timeout == 300
    assert host_json.extensions.http.route_prefix == ""
    assert host_json.extensions.queues.max_polling_interval == 2
    assert host_json.extensions.queues.visibility_timeout == 30


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"version": "1.0"}, r"Invalid enum value '1.0' - at `\$.version`"),
        ({"extensionBundel": {}}, "unknown field `extensionBundel`"),
        ({"extensions": {"queues": {"batch": 1}}}, "unknown field `batch`"),
        ({"extensions": {"queues": {"batchSize": 33}}}, "<= 32"),
        ({"extensions": {"queues": {"visibilityTimeout": 30}}}, "duration"),
        ({"telemetryMode": "OpenTelemtry"}, "Invalid enum value 'OpenTelemtry'"),
        ({"functionTimeout": "five"}, "'five' is not a duration"),
        ({"extensionBundle": {"id": "Microsoft.Azure.Functions.ExtensionBundle"}}, "version"),
        ({"extensionBundle": {"id": "Mine", "version": "1"}}, "should be Microsoft"),
    ],
)
def test_what_does_not_belong_is_refused(
    tmp_path: Path, content: dict[str, Any], reason: str
) -> None:
    with pytest.raises(HostError, match=reason):
        read(tmp_path, **content)


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostError, match=r"has no host\.json"):
        read_host_json(tmp_path)


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "host.json").write_text("version: 2.0")
    with pytest.raises(HostError, match=r"host\.json is not as it should be"):
        read_host_json(tmp_path)


# The cases of SharedBlobQueueListenerFactoryTests of the real extension.
@pytest.mark.parametrize(
    ("parallel", "batch", "threshold"),
    [(100, 32, 68), (64, 32, 32), (62, 32, 30), (16, 9, 7), (3, 2, 1), (2, 2, 0), (1, 1, 0)],
)
def test_limits_of_blob_triggers_become_limits_of_their_queue(
    parallel: int, batch: int, threshold: int
) -> None:
    queue = Blobs(max_degree_of_parallelism=parallel, poison_blob_threshold=3).queue
    assert (queue.batch_size, queue.refill_below, queue.max_dequeue_count) == (batch, threshold, 3)
