"""Images that all wait when the host starts, captioned through the blob trigger."""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from azure.storage.blob import BlobServiceClient, ContainerClient
from azure.storage.queue import QueueServiceClient
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress

from benchmarks.host import ROOT, Host, RunFailed
from benchmarks.load_http import THREADS
from benchmarks.load_results import Drain, Drains, Sample, thinned
from benchmarks.machine import this_machine
from benchmarks.pictures import parts_of_photographs
from captioner.model.bundle import read_manifest
from captioner.records import ModelName
from captioner.settings import BlobTriggerSource
from scripts import azurite
from scripts.event_grid import EventGrid

SOURCES: tuple[BlobTriggerSource, ...] = ("polling", "event-grid")

_QUEUE = "azure-webjobs-blobtrigger-"
_LOOK_EVERY_S = 1.0
_TELL_EVERY = 30  # looks: each lists all images
_SAMPLES = 120
# To list ten thousand images takes the emulator seconds, in which it does nothing else.
_SELDOM_SCANNED = ("--blob-scan-interval", "60")
_AN_IMAGE_S = 1.0  # the slowest that is waited for, on average
_START_S = 120.0


def measure(
    images: int, source: BlobTriggerSource, command: str, known: Drains | None = None
) -> Drains:
    """Drain so many images by a source; what is `known` of others, measured alike, stays.

    Raises `RunFailed` where not every image has exactly one sidecar, or it takes too long.
    """
    manifest = read_manifest(ROOT / "models")
    with (
        tempfile.TemporaryDirectory() as folder,
        azurite.running() as storage,
        BlobServiceClient.from_connection_string(storage.connection_string) as blobs,
    ):
        size = _fill(blobs.create_container("images"), images)
        drain = _drain(Path(folder), storage.connection_string, source, images)
    begun = Drains(
        command=command,
        machine=this_machine(),
        bundle=ModelName(manifest.name, manifest.version),
        image_bytes=round(size / images),
        drains=(),
    )
    if known and (known.bundle, known.machine) == (begun.bundle, begun.machine):
        begun = replace(begun, drains=known.drains)
    return begun.with_(drain)


def _fill(container: ContainerClient, images: int) -> int:
    """Put images into a container, and give their bytes in all."""

    def put(numbered: tuple[int, bytes]) -> int:
        number, file = numbered
        container.upload_blob(f"{number:05}.jpg", file)
        return len(file)

    with ThreadPoolExecutor(4) as pool:
        return sum(pool.map(put, enumerate(parts_of_photographs(images))))


def _drain(folder: Path, connection: str, source: BlobTriggerSource, images: int) -> Drain:
    settings = {
        "BLOB_TRIGGER_SOURCE": source,
        "PYTHON_THREADPOOL_THREAD_COUNT": str(THREADS),
    }
    with (
        BlobServiceClient.from_connection_string(connection) as blobs,
        QueueServiceClient.from_connection_string(connection) as queues,
        Host.running(folder, connection, settings, _SELDOM_SCANNED) as host,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        bar = progress.add_task(f"Draining, {source}", total=images)
        container = blobs.get_container_client("images")
        event_grid = EventGrid(container, host.url) if source == "event-grid" else None
        began = time.monotonic()
        deadline = began + _START_S + images * _AN_IMAGE_S
        samples: list[Sample] = []
        while not samples or samples[-1].captioned < images:
            if time.monotonic() > deadline:
                raise RunFailed(f"{samples[-1].captioned:,} of {images:,} images were captioned.")
            if event_grid and len(samples) % _TELL_EVERY == 0:
                event_grid.look()
            samples.append(_sample(host, queues, began))
            progress.update(bar, completed=samples[-1].captioned)
            if samples[-1].captioned < images:
                time.sleep(_LOOK_EVERY_S)
        seconds = time.monotonic() - began
        _settle(lambda: _oldest_s(queues) == 0)
        sidecars = {
            name.removesuffix(".json")
            for name in blobs.get_container_client("captions").list_blob_names()
            if name.endswith(".jpg.json")
        }
        if sidecars != set(container.list_blob_names()):
            raise RunFailed(f"{len(sidecars):,} sidecars of {images:,} images.")
        return Drain(
            source=source,
            images=images,
            seconds=round(seconds, 1),
            sidecars=len(sidecars),
            captioned_again=host.captioned - images,
            app_cpu_s=round(host.cpu_s, 1),
            samples=thinned(samples, _SAMPLES),
        )


def _settle(condition: Callable[[], bool]) -> None:
    """Wait until the queue is empty: what is captioned last has yet to leave it."""
    deadline = time.monotonic() + _START_S
    while not condition():
        if time.monotonic() > deadline:
            raise RunFailed("Messages stay on the queue.")
        time.sleep(_LOOK_EVERY_S)


def _sample(host: Host, queues: QueueServiceClient, began: float) -> Sample:
    return Sample(
        second=round(time.monotonic() - began, 1),
        captioned=host.captioned,
        oldest_s=round(_oldest_s(queues), 1),
        memory_mib=round(host.memory_mib, 1),
    )


def _oldest_s(queues: QueueServiceClient) -> float:
    """Give how long the first message has waited that nobody works on; 0 without any."""
    ages = [
        (datetime.now(UTC) - message.inserted_on).total_seconds()
        for queue in queues.list_queues(name_starts_with=_QUEUE)
        for message in queues.get_queue_client(queue.name).peek_messages(1)
        if message.inserted_on is not None
    ]
    return max(ages, default=0.0)
