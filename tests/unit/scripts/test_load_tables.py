"""What load runs found, in tables: from runs made up for the test."""

from pathlib import Path

import msgspec
import pytest

from benchmarks.load_results import Drain, Drains, HttpLoad, Load, MemoryRun, Sample, Slope, Step
from benchmarks.results import Machine, save
from captioner.records import ModelName
from scripts import docs, load_tables
from scripts.errors import SetupError

MACHINE = Machine(processor="P", cores=2, system="Linux", python="3.13", onnxruntime="1")
BUNDLE = ModelName("m", "1")
FEW = Step(
    clients=2,
    seconds=10.0,
    statuses={200: 1234},
    retry_after={},
    broken=0,
    p50=16.4,
    p95=20.0,
    p99=30.0,
    app_cpu_s=9.0,
    generator_cpu_s=1.0,
    again_ms=15.0,
)
MANY = msgspec.structs.replace(
    FEW, clients=200, statuses={429: 300, 503: 100}, p50=None, p95=None, p99=None
)
HTTP = HttpLoad(
    command="python -m benchmarks.load --part http",
    machine=MACHINE,
    bundle=BUNDLE,
    generator="autocannon 9",
    seconds=10,
    image_bytes=200_000,
    threads=4,
    most_outstanding=64,
    caption=(FEW, MANY),
    record=(FEW,),
)
DRAINS = Drains(
    command="python -m benchmarks.load --part drain",
    machine=MACHINE,
    bundle=BUNDLE,
    image_bytes=40_000,
    drains=tuple(
        Drain(
            source=source,
            images=1000,
            seconds=seconds,
            sidecars=1000,
            captioned_again=0,
            app_cpu_s=45.0,
            samples=(Sample(0.0, 0, 0.0, 100.0), Sample(seconds, 1000, 30.0, 310.0)),
        )
        for source, seconds in (("polling", 50.0), ("event-grid", 200.0))
    ),
)
MEMORY = MemoryRun(
    command="python -m benchmarks.load --part memory",
    machine=MACHINE,
    bundle=BUNDLE,
    captions=20_000,
    large=400,
    seconds=900.0,
    at=(50, 20_000),
    memory_mib=(290.0, 301.0),
    slope=Slope(0.01, -0.02, 0.04),
)


def test_each_step_has_its_row_and_tells_what_was_refused() -> None:
    table = load_tables.http_table(HTTP)

    assert "| `POST /api/caption` | 2 | 123.4 | 16 | 20 | 30 | none | 7 | 15 |" in table
    assert "| 200 | 0.0 | - | - | - | 429: 75.0%, 503: 25.0% | - |" in table
    assert "Of 2,868 requests 0 were answered with an error of the server" in table
    assert "took 10% to 10% of the processor time" in table
    assert table.endswith("Measured by `python -m benchmarks.load --part http`.")


def test_an_error_of_the_server_is_not_hidden() -> None:
    failing = msgspec.structs.replace(FEW, statuses={200: 1, 500: 3}, broken=2)

    table = load_tables.http_table(msgspec.structs.replace(HTTP, record=(failing,)))

    assert "3 were answered with an error of the server and 2 connections broke" in table


def test_both_drains_stand_side_by_side() -> None:
    table = load_tables.drain_table(DRAINS)

    assert "| Images that wait | `polling` | `event-grid` |" in table
    assert "| images | 1,000 | 1,000 |" in table
    assert "| processor time of host and app an image | 45 ms | 45 ms |" in table
    assert "| images a second | 20.0 | 5.0 |" in table
    assert "| all captioned after | 50 s | 3.3 min |" in table
    assert "| sidecars afterwards | 1,000 | 1,000 |" in table
    assert "| 310 MiB | 310 MiB |" in table


def test_a_source_measured_anew_takes_its_old_place() -> None:
    fewer = msgspec.structs.replace(DRAINS.drains[0], images=10)

    drains = DRAINS.with_(fewer).drains

    assert [(each.source, each.images) for each in drains] == [
        ("polling", 10),
        ("event-grid", 1000),
    ]


def test_growth_is_told_with_its_interval() -> None:
    told = load_tables.memory_told(MEMORY)

    assert "at most 301 MiB resident" in told
    assert "+0.01 MiB for each thousand captions (95 % interval -0.02 to +0.04)" in told


def test_in_brief_each_part_is_told() -> None:
    told = load_tables.load_told(HTTP, DRAINS, MEMORY)

    assert "Up to 123.4 captions a second" in told
    assert "1,000 at 20.0 a second (`polling`) and 1,000 at 5.0 a second (`event-grid`)" in told
    assert "Over 20,000 captions" in told


def test_without_a_part_the_documents_say_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").mkdir()
    save(Load(http=HTTP), tmp_path / "benchmarks" / "load.json")

    with pytest.raises(SetupError, match=r"lacks a part; run: python -m benchmarks\.load --json"):
        docs.blocks_of(tmp_path)["load-http"]()
