"""OpenTelemetry's tracer and instruments, and the model that everything is told with."""

from collections.abc import Mapping
from functools import cache
from typing import Self

from opentelemetry import metrics, trace
from opentelemetry.metrics import Counter, Histogram, Meter, MeterProvider
from opentelemetry.trace import Tracer, TracerProvider

from captioner.telemetry.names import METRICS, Attribute, Metric

type Values = Mapping[str, str | int | float | tuple[str, ...]]

_SCOPE = "captioner"
_NONE = "none"


class Instruments:
    """What to tell with; safe to share between threads."""

    def __init__(self, tracer: Tracer, meter: Meter) -> None:
        self.tracer = tracer
        self._histograms: dict[Metric, Histogram] = {}
        self._counters: dict[Metric, Counter] = {}
        for each in METRICS:
            if each.buckets:
                self._histograms[each] = meter.create_histogram(
                    each.name,
                    each.unit,
                    each.meaning,
                    explicit_bucket_boundaries_advisory=each.buckets,
                )
            else:
                self._counters[each] = meter.create_counter(each.name, each.unit, each.meaning)

    @classmethod
    def of(cls, tracers: TracerProvider, meters: MeterProvider) -> Self:
        return cls(tracers.get_tracer(_SCOPE), meters.get_meter(_SCOPE))

    def count(self, metric: Metric, values: Values) -> None:
        self._counters[metric].add(1, {**model_values(), **values})

    def record(self, metric: Metric, amount: float, values: Values) -> None:
        self._histograms[metric].record(amount, {**model_values(), **values})


@cache
def instruments() -> Instruments:
    """Those of this process; they go where the worker has them go, before or after this."""
    return Instruments.of(trace.get_tracer_provider(), metrics.get_meter_provider())


_model: dict[str, str] = {Attribute.MODEL_NAME: _NONE, Attribute.MODEL_VERSION: _NONE}


def tell_model(name: str, version: str) -> None:
    """Have everything from here on told with this model of our own."""
    global _model  # noqa: PLW0603 - replaced whole: name and version are never of two models
    _model = model_values(name, version)


def model_values(name: str | None = None, version: str | None = None) -> dict[str, str]:
    """Give what tells a model; without one, the one that is in use."""
    if name is None or version is None:
        return _model
    return {Attribute.MODEL_NAME: name, Attribute.MODEL_VERSION: version}
