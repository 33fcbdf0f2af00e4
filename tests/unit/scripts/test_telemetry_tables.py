"""The tables of docs/observability.md hold every name of telemetry, and what was measured."""

from benchmarks.results import Machine, Spread, TelemetryCost, TelemetryRun
from captioner.records import ModelName
from captioner.telemetry.names import METRICS, SPANS, Attribute
from scripts import telemetry_tables

RUN = TelemetryRun(
    command="python -m benchmarks.telemetry",
    machine=Machine(processor="P", cores=2, system="Linux", python="3.13", onnxruntime="1"),
    bundle=ModelName("m", "1"),
    captions=8,
    processes=2,
    off=TelemetryCost(calls_us=40.4, caption=Spread(50.0, 60.0)),
    on=TelemetryCost(calls_us=400.0, caption=Spread(51.0, 61.0)),
    ratio=1.02,
    app_imports_ms=700.0,
    api_imports_ms=16.0,
    exporter_imports_ms=300.0,
)


def test_every_name_has_its_row():
    spans = telemetry_tables.spans_table()
    metrics = telemetry_tables.metrics_table()
    attributes = telemetry_tables.attributes_table()

    assert all(f"| `{name}` | " in spans for name in SPANS)
    assert all(f"| `{each.name}` | " in metrics for each in METRICS)
    assert all(f"| `{each}` | " in attributes for each in Attribute)
    assert all(each.meaning for each in Attribute)


def test_the_cost_is_told_with_its_command():
    told = telemetry_tables.cost_table(RUN)

    assert "40 µs | 400 µs" in told
    assert "1.020 times as long" in told
    assert "of which OpenTelemetry's API 16 ms" in told
    assert told.endswith("Measured by `python -m benchmarks.telemetry`.")
