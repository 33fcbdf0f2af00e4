"""What telemetry is sent, caught in memory: the real SDK, with exporters that keep everything."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from captioner.telemetry import instruments, tell_model

MODEL = ("tiny", "7")


@dataclass(frozen=True, slots=True)
class Captured:
    """What was told so far."""

    _exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    _reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    @property
    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def named(self, name: str) -> list[ReadableSpan]:
        return [each for each in self.spans if each.name == name]

    def below(self, parent: ReadableSpan) -> list[str]:
        """Give the names of the spans below one, in the order in which they ended."""
        return [
            each.name
            for each in self.spans
            if each.parent and each.parent.span_id == parent.context.span_id
        ]

    @property
    def metrics(self) -> dict[str, list[Any]]:
        """Give the data points of each metric."""
        data = self._reader.get_metrics_data()
        return {
            metric.name: list(metric.data.data_points)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def captured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Captured]:
    """Catch what is told in a test, with the model of `MODEL`."""
    caught = Captured()
    tracers, meters = TracerProvider(), MeterProvider([caught._reader])
    tracers.add_span_processor(SimpleSpanProcessor(caught._exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: tracers)
    monkeypatch.setattr(metrics, "get_meter_provider", lambda: meters)
    monkeypatch.setattr(instruments, "_model", {})
    tell_model(*MODEL)
    instruments.instruments.cache_clear()
    yield caught
    instruments.instruments.cache_clear()
    tracers.shutdown()
    meters.shutdown()
