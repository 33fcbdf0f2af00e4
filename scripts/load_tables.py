"""What load runs found, in Markdown."""

from collections.abc import Iterator

from benchmarks.load_results import Drain, Drains, HttpLoad, MemoryRun, Step
from benchmarks.results import Machine
from captioner.records import ModelName
from scripts.tables import markdown_table


def http_table(http: HttpLoad) -> str:
    """Both routes, step by step."""
    rows = [
        row
        for what, steps in (("`POST /api/caption`", http.caption), ("a record", http.record))
        for row in _step_rows(what, steps)
    ]
    head = (
        *("Route", "Clients", "Answers a second", "p50, ms", "p95, ms", "p99, ms"),
        *("Refused", "Processor an answer, ms", "Asked once after, ms"),
    )
    steps = (*http.caption, *http.record)
    shares = [each.generator_cpu_s / (each.generator_cpu_s + each.app_cpu_s) for each in steps]
    return (
        f"{markdown_table(head, rows, right=True)}\n\n{http.generator}, {http.seconds} s a step, "
        f"each client asking again at once; a photograph of {http.image_bytes / 1000:.0f} KB; "
        f"{http.threads} functions at once and at most {http.most_outstanding} requests "
        f"outstanding, as in the deployment. {_kept_promises(steps)} The generator took "
        f"{min(shares):.0%} to {max(shares):.0%} of the processor time that it and the app took "
        f"together. {_circumstances(http.bundle, http.machine, http.command)}"
    )


def _step_rows(what: str, steps: tuple[Step, ...]) -> Iterator[tuple[str, ...]]:
    for each in steps:
        latencies = (each.p50, each.p95, each.p99, each.cpu_ms)
        *times, cpu = ("-" if value is None else f"{value:,.0f}" for value in latencies)
        yield (
            *(what, f"{each.clients}", f"{each.a_second:,.1f}", *times, _refused(each), cpu),
            f"{each.again_ms:,.0f}",
        )


def _refused(step: Step) -> str:
    """Give the share of refusals by status: they are many, as each takes but a moment."""
    total = sum(step.statuses.values())
    told = [
        f"{status}: {count / total:.1%}"
        for status, count in sorted(step.statuses.items())
        if status >= 300
    ]
    return ", ".join(told) or "none"


def _kept_promises(steps: tuple[Step, ...]) -> str:
    asked = sum(sum(each.statuses.values()) for each in steps)
    failed = sum(
        count
        for each in steps
        for status, count in each.statuses.items()
        if status >= 500 and status != 503
    )
    broken = sum(each.broken for each in steps)
    return (
        f"Of {asked:,} requests {failed:,} were answered with an error of the server and "
        f"{broken:,} connections broke."
    )


def drain_table(drains: Drains) -> str:
    """Images by each source."""
    rows = (
        ("images", *(f"{each.images:,}" for each in drains.drains)),
        ("images a second", *(f"{each.a_second:.1f}" for each in drains.drains)),
        ("all captioned after", *(_time(each.seconds) for each in drains.drains)),
        ("the oldest message waited at most", *(_time(each.oldest_s) for each in drains.drains)),
        ("sidecars afterwards", *(f"{each.sidecars:,}" for each in drains.drains)),
        (
            "images captioned more than once",
            *(f"{each.captioned_again:,}" for each in drains.drains),
        ),
        (
            "processor time of host and app an image",
            *(f"{1000 * each.app_cpu_s / each.images:.0f} ms" for each in drains.drains),
        ),
        ("memory of host and app, at most", *(_most(each) for each in drains.drains)),
    )
    head = ("Images that wait", *(f"`{each.source}`" for each in drains.drains))
    return (
        f"{markdown_table(head, rows, right=True)}\n\nPhotographs of 400 x 400 pixels, "
        f"{drains.image_bytes / 1000:.0f} KB on average; `scripts/event_grid.py` stands in for "
        f"Event Grid. {_circumstances(drains.bundle, drains.machine, drains.command)}"
    )


def _most(drain: Drain) -> str:
    return f"{max(each.memory_mib for each in drain.samples):.0f} MiB"


def memory_told(run: MemoryRun) -> str:
    """How memory goes over many captions."""
    slope = run.slope
    return (
        f"One process, {run.captions:,} captions of photographs, {run.large:,} of them "
        f"12-megapixel JPEGs: at most {max(run.memory_mib):.0f} MiB resident, "
        f"{run.memory_mib[-1]:.0f} MiB at the end. Over the second half it goes by "
        f"{slope.mib:+.2f} MiB for each thousand captions (95 % interval "
        f"{slope.low:+.2f} to {slope.high:+.2f}). "
        f"{_circumstances(run.bundle, run.machine, run.command)}"
    )


def load_told(http: HttpLoad, drains: Drains, memory: MemoryRun) -> str:
    """All of it, in brief."""
    best = max(http.caption, key=lambda each: each.a_second)
    most = http.caption[-1]
    drained = " and ".join(
        f"{each.images:,} at {each.a_second:.1f} a second (`{each.source}`)"
        for each in drains.drains
    )
    slope = memory.slope
    return (
        f"Up to {best.a_second:.1f} captions a second over HTTP, app and load generator on the "
        f"same {http.machine.cores} cores; with {most.clients} clients that never pause the host "
        f"refuses some (429) and goes on. Of images that wait in storage {drained} are captioned, "
        f"each once, as fast as the emulator lets them. Over {memory.captions:,} captions "
        f"in one process memory goes by {slope.mib:+.2f} MiB a thousand ({slope.low:+.2f} to "
        f"{slope.high:+.2f}) in the second half. Tables and plots, and how to repeat them: "
        "[docs/operate.md](docs/operate.md#load)."
    )


def _circumstances(bundle: ModelName, machine: Machine, command: str) -> str:
    return (
        f"Bundle {bundle.version}; {machine.processor}, {machine.cores} cores, {machine.system}, "
        f"Python {machine.python}. Measured by `{command}`."
    )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"
