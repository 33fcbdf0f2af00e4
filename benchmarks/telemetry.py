"""Times what telemetry costs an image: `python -m benchmarks.telemetry [--json FILE]`.

With the SDK and without, taking turns in one process. Processor time of all its threads counts, not
the clock's, which tells more of whatever else the machine does than of so little. The SDK's
exporters throw away what they are handed: sending is not the image's time.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from time import process_time
from typing import Annotated
from unittest.mock import patch

import typer
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from rich.console import Console

from benchmarks.machine import this_machine
from benchmarks.pictures import photographs
from benchmarks.results import Spread, TelemetryCost, TelemetryRun, save
from captioner.composition import build_captioning
from captioner.model.manifest import read_manifest
from captioner.ondemand import OnDemand
from captioner.ondemand.wanted import Sent
from captioner.records import ModelName
from captioner.settings import Settings
from captioner.telemetry import (
    ImageTrace,
    Origin,
    Stage,
    at_work,
    caption_made,
    instruments,
    stage,
)

ROOT = Path(__file__).resolve().parent.parent
_CALLS = 500
_MODEL = ("model", "1")
_STARTS = {
    "app": ("pass", "import function_app"),
    "api": (
        "import azure.functions",
        "import opentelemetry.metrics, opentelemetry.trace.propagation.tracecontext",
    ),
    "exporter": ("import azure.functions", "import azure.monitor.opentelemetry"),
}


class _Nowhere(SpanExporter):
    def export(self, spans: object) -> SpanExportResult:
        del spans
        return SpanExportResult.SUCCESS


@contextmanager
def _listening() -> Iterator[None]:
    """Have the SDK take everything for a block."""
    tracers, meters = TracerProvider(), MeterProvider([InMemoryMetricReader()])
    tracers.add_span_processor(BatchSpanProcessor(_Nowhere()))
    with ExitStack() as patches:
        patches.enter_context(patch.object(trace, "get_tracer_provider", lambda: tracers))
        patches.enter_context(patch.object(metrics, "get_meter_provider", lambda: meters))
        instruments.instruments.cache_clear()
        instruments.instruments()
        yield
    instruments.instruments.cache_clear()
    instruments.instruments()
    tracers.shutdown()
    meters.shutdown()


def _calls() -> None:
    """Tell of one image what is told of each."""
    traced = ImageTrace("attic/mezzetin.jpg", Origin.EVENT)
    with at_work([traced]):
        for each in Stage:
            with stage(each, model=_MODEL):
                pass
    caption_made("onnx", 0.5, _MODEL)
    traced.end()


def _calls_us() -> float:
    began = process_time()
    for _ in range(_CALLS):
        _calls()
    return (process_time() - began) * 1e6 / _CALLS


def measure(repeats: int, processes: int, command: str) -> TelemetryRun:
    """Measure captions of photographs with the bundle that ships."""
    settings = Settings()
    on_demand = OnDemand(build_captioning(settings), max_bytes=settings.max_image_bytes)
    files = photographs()
    on_demand.caption([_sent(files[0])])  # the first one opens the bundle
    captions: dict[bool, list[float]] = {False: [], True: []}
    calls: dict[bool, list[float]] = {False: [], True: []}
    for number in range(repeats):
        for is_on in (number % 2 == 0, number % 2 == 1):  # neither is always the first
            with _listening() if is_on else ExitStack():
                calls[is_on].append(_calls_us())
                for file in files:
                    began = process_time()
                    on_demand.caption([_sent(file)])
                    captions[is_on].append((process_time() - began) * 1000)
    manifest = read_manifest(settings.model_dir)
    imports = {name: _import_ms(*code, processes) for name, code in _STARTS.items()}
    return TelemetryRun(
        command=command,
        machine=this_machine(),
        bundle=ModelName(manifest.name, manifest.version),
        captions=len(captions[True]),
        processes=processes,
        off=TelemetryCost(
            calls_us=round(median(calls[False]), 1), caption=Spread.of(captions[False])
        ),
        on=TelemetryCost(calls_us=round(median(calls[True]), 1), caption=Spread.of(captions[True])),
        ratio=round(median(captions[True]) / median(captions[False]), 3),
        app_imports_ms=imports["app"],
        api_imports_ms=imports["api"],
        exporter_imports_ms=imports["exporter"],
    )


def _sent(file: bytes) -> Sent:
    return Sent("photograph", len(file), lambda: file)


def _import_ms(before: str, code: str, processes: int) -> float:
    """Give the processor time that imports take in a fresh process."""
    program = (
        f"import time; {before}; began = time.process_time(); {code}; "
        "print((time.process_time() - began) * 1000)"
    )
    return round(
        median(
            float(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True))
            for _ in range(processes)
        )
    )


def main(
    *,
    repeats: Annotated[int, typer.Option(min=2, help="Rounds over all photographs.")] = 20,
    processes: Annotated[int, typer.Option(min=1, help="Fresh processes for each import.")] = 5,
    json: Annotated[Path | None, typer.Option(help="File to store the results in.")] = None,
) -> None:
    """Measure, tell and store."""
    command = f"python -m benchmarks.telemetry --repeats {repeats} --processes {processes}"
    found = measure(repeats, processes, command)
    console = Console()
    for name, cost in (("off", found.off), ("on", found.on)):
        console.print(f"{name}: {cost.calls_us} µs of calls, {cost.caption.p50} ms a caption")
    console.print(f"ratio of captions: {found.ratio}")
    console.print(
        f"imports: app {found.app_imports_ms} ms, API {found.api_imports_ms} ms, "
        f"exporter {found.exporter_imports_ms} ms"
    )
    if json:
        save(found, json)


if __name__ == "__main__":
    typer.run(main)
