"""More and more clients at once ask for captions and for records; autocannon plays them."""

import json
import resource
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import msgspec
import requests
from azure.storage.blob import BlobServiceClient

from benchmarks.host import ROOT, Host, RunFailed, wait_until
from benchmarks.load_results import HttpLoad, Step
from benchmarks.machine import this_machine
from benchmarks.pictures import photographs
from captioner.model.bundle import read_manifest
from captioner.records import ModelName
from scripts import autocannon, azurite, node

THREADS = 4
"""Functions of the app at once: PYTHON_THREADPOOL_THREAD_COUNT, as it is deployed."""

_NAME = "photograph.jpg"
_ANSWER_S = 60
_LONGEST_S = 300.0
_PAUSE_S = 0.05


class _Found(msgspec.Struct):
    """What the program found that plays the clients."""

    seconds: float
    statuses: dict[int, int]
    broken: int
    latencies: dict[str, float | None]
    retryAfter: dict[int, int]  # noqa: N815 - its name there


def measure(clients: Sequence[int], seconds: int, command: str) -> HttpLoad:
    """Ask in steps of so many clients, each of so many seconds.

    Raises `RunFailed` where an answer was none of those that the app promises, where one was
    refused although the host had room for it, or where the app does not answer afterwards.
    """
    manifest = read_manifest(ROOT / "models")
    most = _most_outstanding()
    photograph = sorted(photographs(), key=len)[len(photographs()) // 2]
    settings = {"PYTHON_THREADPOOL_THREAD_COUNT": str(THREADS)}
    with (
        tempfile.TemporaryDirectory() as folder,
        azurite.running() as storage,
        BlobServiceClient.from_connection_string(storage.connection_string) as blobs,
        ExitStack() as stack,
    ):
        file = Path(folder) / _NAME
        file.write_bytes(photograph)
        blobs.create_container("images").upload_blob(_NAME, photograph)
        host = stack.enter_context(Host.running(Path(folder), storage.connection_string, settings))
        record = f"{host.url}/api/captions/{_NAME}"
        wait_until(
            lambda: requests.get(record, timeout=_ANSWER_S).ok, _LONGEST_S, "There is no record"
        )
        wishes = {
            "caption": {
                "url": f"{host.url}/api/caption",
                "method": "POST",
                "headers": {"content-type": "image/jpeg"},
                "file": str(file),
            },
            "record": {"url": record, "method": "GET", "headers": {}},
        }
        steps = {
            name: tuple(_checked(_step(host, each, seconds, wish), most) for each in clients)
            for name, wish in wishes.items()
        }
        return HttpLoad(
            command=command,
            machine=this_machine(),
            bundle=ModelName(manifest.name, manifest.version),
            generator=_generator(),
            seconds=seconds,
            image_bytes=len(photograph),
            threads=THREADS,
            most_outstanding=most,
            caption=steps["caption"],
            record=steps["record"],
        )


def _step(host: Host, clients: int, seconds: int, wish: Mapping[str, Any]) -> Step:
    cpu, generator = host.cpu_s, _children_s()
    done = subprocess.run(
        [node.find(), autocannon.PROGRAM],
        input=msgspec.json.encode(
            {**wish, "clients": clients, "seconds": seconds, "patienceS": _ANSWER_S}
        ),
        stdout=subprocess.PIPE,
        check=True,
        timeout=seconds + _LONGEST_S,
    )
    cpu, generator = host.cpu_s - cpu, _children_s() - generator
    found = msgspec.json.decode(done.stdout, type=_Found)
    return Step(
        clients=clients,
        seconds=found.seconds,
        statuses=found.statuses,
        retry_after=found.retryAfter,
        broken=found.broken,
        **found.latencies,
        app_cpu_s=round(cpu, 2),
        generator_cpu_s=round(generator, 2),
        again_ms=_again_ms(wish),
    )


def _checked(step: Step, most_outstanding: int) -> Step:
    """Give the step; raises `RunFailed` for what must not happen."""
    odd = step.statuses.keys() - {200, 429, 503}
    if odd or step.broken:
        raise RunFailed(
            f"With {step.clients} clients: {step.broken} connections broken, statuses "
            f"{step.statuses}."
        )
    if step.refused and step.clients <= most_outstanding:
        raise RunFailed(f"{step.refused} requests of {step.clients} clients were refused.")
    return step


def _again_ms(wish: Mapping[str, Any]) -> float:
    """Ask once more, behind what the clients have left, and give the milliseconds."""
    began = time.perf_counter()
    deadline = time.monotonic() + _LONGEST_S
    body = Path(wish["file"]).read_bytes() if "file" in wish else None
    while time.monotonic() < deadline:
        answer = requests.request(
            wish["method"], wish["url"], data=body, headers=wish["headers"], timeout=_ANSWER_S
        )
        if answer.ok:
            return round(1000 * (time.perf_counter() - began), 1)
        time.sleep(_PAUSE_S)
    raise RunFailed("The app does not answer any more.")


def _children_s() -> float:
    """Give the processor time of children that have ended; the host is none of them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _most_outstanding() -> int:
    told = json.loads((ROOT / "host.json").read_text())
    return int(told["extensions"]["http"]["maxOutstandingRequests"])


def _generator() -> str:
    told = json.loads((autocannon.FOLDER / "package.json").read_text())
    return f"autocannon {told['dependencies']['autocannon']}"
