"""What a fresh process takes to its first caption, what is deployed, and what HTTP adds."""

import io
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from statistics import median
from time import perf_counter, process_time

from benchmarks.caption import fresh_process
from benchmarks.host import ROOT, Host
from benchmarks.own import MODELS, own_decode
from benchmarks.pictures import large_jpeg, photographs
from benchmarks.speed_results import Footprint, OverHttp
from captioner.model.bundle import open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner
from scripts import azurite


def footprint(repeats: int) -> Footprint:
    """Start processes that caption one picture and end, and pack what is deployed."""
    small = fresh_process(MODELS, photographs()[0], repeats)
    large = fresh_process(MODELS, large_jpeg(), max(repeats // 2, 2))
    size, packed = package()
    return Footprint(
        seconds=small.seconds,
        import_seconds=_import_seconds(repeats),
        peak_mib=small.peak_mib,
        peak_large_mib=large.peak_mib,
        package_mib=round(size / 2**20, 1),
        package_zip_mib=round(packed / 2**20, 1),
    )


def _import_seconds(repeats: int) -> float:
    """Time the loading of the app alone."""
    environment = {**os.environ, "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    seconds = []
    for _ in range(repeats):
        began = perf_counter()
        subprocess.run(
            [sys.executable, "-c", "import function_app"], cwd=ROOT, env=environment, check=True
        )
        seconds.append(perf_counter() - began)
    return round(median(seconds), 2)


def package() -> tuple[int, int]:
    """Give the bytes of what is deployed, plain and zipped, its dependencies not among them."""
    listed = subprocess.run(
        [shutil.which("git") or "git", "ls-files"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    rules = [
        line.rstrip("/")
        for line in (ROOT / ".funcignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    size, packed = 0, io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in listed:
            if not any(fnmatch(part, rule) for part in Path(name).parts for rule in rules):
                size += (ROOT / name).stat().st_size
                archive.write(ROOT / name, name)
    return size, len(packed.getvalue())


def over_http(requests: int) -> OverHttp:
    """Compare the host's processor time for a request with that of the caption by itself.

    One picture after the other; the caption by itself is decoded as well.
    """
    files = photographs()
    captioner = OnnxCaptioner(open_bundle(MODELS))
    with (
        tempfile.TemporaryDirectory() as folder,
        azurite.running() as storage,
        Host.running(Path(folder), storage.connection_string, {}) as host,
    ):
        for file in files:
            _ask(host.url, file)
            captioner.caption([own_decode(file)])
        spent, own = [], []
        for number in range(requests):
            file = files[number % len(files)]
            before = host.cpu_s
            for _ in range(_IN_A_ROW):  # a tick of its clock is a hundredth of a second
                _ask(host.url, file)
            spent.append((host.cpu_s - before) / _IN_A_ROW)
            began = process_time()
            for _ in range(_IN_A_ROW):
                captioner.caption([own_decode(file)])
            own.append((process_time() - began) / _IN_A_ROW)
    return OverHttp(
        requests=requests * _IN_A_ROW,
        request_ms=round(1000 * sum(spent) / requests, 2),
        own_ms=round(1000 * sum(own) / requests, 2),
    )


_IN_A_ROW = 8


def _ask(url: str, file: bytes) -> None:
    request = urllib.request.Request(  # noqa: S310 - the host's own URL
        f"{url}/api/caption?name=picture.jpg",
        data=file,
        headers={"Content-Type": "image/jpeg"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        answer.read()
