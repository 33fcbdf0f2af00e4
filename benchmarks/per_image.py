"""What one image that lands takes: processor time, and requests of storage.

`python -m benchmarks.per_image [--json FILE]` captions images in a storage emulator as the blob
trigger does, thumbnails and sidecar included, and then has every event come a second time.
`docs/operate.md` reckons with what it finds.
"""

import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Annotated, Any
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table
from urllib3.connection import HTTPConnection

from benchmarks.host import ROOT
from benchmarks.machine import this_machine
from benchmarks.pictures import large_jpeg, photographs
from benchmarks.results import ImageTakes, PerImage, StorageRequests, save
from captioner.composition import Services, build_services
from captioner.model.bundle import read_manifest
from captioner.records import ModelName
from captioner.settings import Settings, load_storage_connection
from scripts import azurite


def measure(images: int, command: str) -> PerImage:
    """Caption so many photographs, and a quarter as many 12-megapixel JPEGs."""
    manifest = read_manifest(ROOT / "models")
    with tempfile.TemporaryDirectory() as folder, azurite.running() as storage:
        settings = Settings(model_dir=ROOT / "models", search_dir=Path(folder))
        connection = load_storage_connection({"AzureWebJobsStorage": storage.connection_string})
        services = build_services(settings, connection)
        services.store.ensure_containers()
        small = photographs()
        # The first image opens the bundle, and makes what is missing in the account.
        _put(services, "first", small[:1])
        services.events.landed(settings.images_container, "first 0")
        ordinary = [small[number % len(small)] for number in range(images)]
        large = [large_jpeg()] * max(images // 4, 2)
        return PerImage(
            command=command,
            bundle=ModelName(manifest.name, manifest.version),
            machine=this_machine(),
            photograph=_takes(services, settings, "photograph", ordinary),
            large=_takes(services, settings, "large", large),
        )


def _takes(services: Services, settings: Settings, what: str, files: Sequence[bytes]) -> ImageTakes:
    names = _put(services, what, files)
    seconds, cpu = [], []
    with _counted() as first:
        for name in track(names, what, console=Console(stderr=True), transient=True):
            began, used = perf_counter(), process_time()
            services.events.landed(settings.images_container, name)
            seconds.append(perf_counter() - began)
            cpu.append(process_time() - used)
    with _counted() as again:
        for name in names:
            services.events.landed(settings.images_container, name)
    return ImageTakes(
        images=len(files),
        bytes=round(sum(map(len, files)) / len(files)),
        cpu_ms=round(1000 * median(cpu), 1),
        elapsed_ms=round(1000 * median(seconds), 1),
        requests=_requests(first, len(files)),
        requests_again=_requests(again, len(files)),
    )


def _put(services: Services, what: str, files: Sequence[bytes]) -> list[str]:
    names = [f"{what} {number}" for number in range(len(files))]
    for name, file in zip(names, files, strict=True):
        services.store.put_image(name, file, content_type="image/jpeg")
    return names


@contextmanager
def _counted() -> Iterator[Counter[str]]:
    """Count the requests of storage by what they cost, for a block of code."""
    counts: Counter[str] = Counter()
    send = HTTPConnection.request

    def counting(self: HTTPConnection, method: str, url: str, *args: Any, **named: Any) -> None:
        counts[kind_of(method, url)] += 1
        send(self, method, url, *args, **named)

    with patch.object(HTTPConnection, "request", counting):
        yield counts


def kind_of(method: str, url: str) -> str:
    """Tell what a request of storage is charged as.

    Deleting costs nothing, listing as much as writing
    (https://learn.microsoft.com/azure/storage/blobs/map-rest-apis-transaction-categories).
    """
    parts = urlsplit(url)
    comp = parse_qs(parts.query).get("comp", [""])[0]
    if parts.path.rstrip("/").endswith("/messages") or "/messages/" in parts.path:
        return "queue"
    if method == "DELETE":
        return "free"
    return "write" if method == "PUT" or comp == "list" else "read"


def _requests(counts: Counter[str], images: int) -> StorageRequests:
    reads, writes, queue = (round(counts[kind] / images, 2) for kind in ("read", "write", "queue"))
    return StorageRequests(reads=reads, writes=writes, queue=queue)


def show(results: PerImage, console: Console) -> None:
    """Print what was found as a table."""
    table = Table(
        "an image",
        title=f"{results.bundle.name} {results.bundle.version} on {results.machine.processor}",
    )
    kinds = (results.photograph, results.large)
    for each in kinds:
        table.add_column(f"{each.bytes / 1e6:.1f} MB", justify="right")
    table.add_row("processor time, ms", *(f"{each.cpu_ms:.0f}" for each in kinds))
    table.add_row("time, ms", *(f"{each.elapsed_ms:.0f}" for each in kinds))
    for label, which in (("at first", "requests"), ("again", "requests_again")):
        for kind in ("reads", "writes", "queue"):
            told = (getattr(getattr(each, which), kind) for each in kinds)
            table.add_row(f"{kind}, {label}", *(f"{count:g}" for count in told))
    console.print(table)


def main(
    *,
    images: Annotated[int, typer.Option(min=8, help="Photographs to caption.")] = 80,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Caption images as the blob trigger does, and count what that takes."""
    command = "python -m benchmarks.per_image" + (f" --json {json}" if json else "")
    results = measure(images, command)
    show(results, Console())
    if json is not None:
        save(results, json)


if __name__ == "__main__":
    typer.run(main)
