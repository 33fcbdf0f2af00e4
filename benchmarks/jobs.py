"""A directory of images as a job, its host killed twice: `python -m benchmarks.jobs [--json FILE]`.

The app runs under the development host, with the bundle that ships, on a storage emulator of its
own. Whatever the kills do, each image must have exactly one result.
"""

import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import requests
import typer
from azure.storage.blob import BlobServiceClient, ContainerClient, generate_container_sas
from rich.console import Console
from rich.progress import Progress, TaskID

from benchmarks.host import LEASE_S, ROOT, Host, RunFailed, wait_until
from benchmarks.machine import this_machine
from benchmarks.pictures import parts_of_photographs
from benchmarks.results import JobRun, save
from captioner.model.bundle import read_manifest
from captioner.records import ModelName
from scripts import azurite

KILLS = 2

_LONGEST_S = 3600.0


def measure(images: int, command: str) -> JobRun:
    """Run the job; raises `RunFailed` where not every image has exactly one result."""
    manifest = read_manifest(ROOT / "models")
    with (
        tempfile.TemporaryDirectory() as folder,
        azurite.running() as storage,
        BlobServiceClient.from_connection_string(storage.connection_string) as blobs,
        Host.running(Path(folder), storage.connection_string, {"JOBS_CONTAINER": "jobs"}) as host,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        directory = blobs.create_container("directory")
        fill = progress.track(range(images), description="Making images")
        for number, file in zip(fill, parts_of_photographs(images), strict=True):
            directory.upload_blob(f"{number:05}.jpg", file)
        bar = progress.add_task("Captioning", total=images)
        began = time.perf_counter()
        answer = requests.post(
            f"{host.url}/api/jobs", json={"directory": _sas_uri(directory)}, timeout=60
        )
        answer.raise_for_status()
        job = answer.headers["Location"]
        for kill in range(1, KILLS + 1):
            _wait(host, job, images * kill // (KILLS + 1), progress, bar)
            host.kill()
            host.start()
        _wait(host, job, images, progress, bar)
        seconds = time.perf_counter() - began
        results = _results(host, job)
        named = {each["image"] for each in results}
        if not len(results) == len(named) == images:
            raise RunFailed(f"{len(results):,} results for {len(named):,} of {images:,} images.")
        jobs = blobs.get_container_client("jobs")
        return JobRun(
            command=command,
            bundle=ModelName(manifest.name, manifest.version),
            machine=this_machine(),
            images=images,
            kills=KILLS,
            lease_seconds=LEASE_S,
            results=len(results),
            captioned=sum(each["status"] == "done" for each in results),
            captioned_again=host.captioned - images,
            seconds=round(seconds, 1),
            documents=sum(1 for _ in jobs.list_blob_names()),
        )


def _wait(host: Host, job: str, enough: int, progress: Progress, bar: TaskID) -> None:
    """Wait until so many images are finished."""

    def is_enough() -> bool:
        status = requests.get(f"{host.url}{job}", timeout=60).json()
        done = sum(status["counts"][each] for each in ("done", "skipped", "failed"))
        progress.update(bar, completed=done)
        return bool(done >= enough)

    wait_until(is_enough, _LONGEST_S, "The job does not go on")


def _results(host: Host, job: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    path: str | None = f"{job}/results?limit=300"
    while path is not None:
        answer = requests.get(f"{host.url}{path}", timeout=60)
        found += [msgspec.json.decode(line) for line in answer.content.splitlines()]
        path = answer.links.get("next", {}).get("url")
    return found


def _sas_uri(container: ContainerClient) -> str:
    sas = generate_container_sas(
        azurite.ACCOUNT,
        str(container.container_name),
        account_key=azurite.ACCOUNT_KEY,
        permission="rl",
        expiry=datetime.now(UTC) + timedelta(days=1),
    )
    return f"{container.url}?{sas}"


def main(
    *,
    images: Annotated[int, typer.Option(min=20, help="Images in the directory.")] = 1000,
    json: Annotated[Path | None, typer.Option(help="Write the figures to this file.")] = None,
) -> None:
    """Caption a directory through the queues, its host killed twice."""
    command = "python -m benchmarks.jobs" + (f" --json {json}" if json else "")
    console = Console()
    try:
        run = measure(images, command)
    except RunFailed as fault:
        Console(stderr=True).print(str(fault), style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    console.print(
        f"{run.images:,} images, the host killed {run.kills} times: {run.results:,} results in "
        f"{run.seconds:.0f} s ({run.images / run.seconds:.1f} a second), "
        f"{run.captioned_again:,} images captioned once more, {run.documents:,} documents."
    )
    if json is not None:
        save(run, json)


if __name__ == "__main__":
    typer.run(main)
