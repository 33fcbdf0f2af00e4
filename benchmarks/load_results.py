"""What load runs found: the app asked by many clients, images drained, memory followed."""

from collections.abc import Sequence
from itertools import batched
from math import sqrt
from statistics import linear_regression, mean
from typing import Self

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.results import Machine
from captioner.records import ModelName


class Step(Struct, frozen=True, kw_only=True):
    """So many clients that ask again as soon as they are answered; times in milliseconds.

    Latencies are those of answers with status 2xx, None where there was none. `retry_after` counts
    the refusals that said when to ask again, by their status. `broken` are connections that were
    reset or gave no answer in time. `again_ms` is the time of a single request sent right after,
    behind those that the clients no longer wait for.
    """

    clients: int
    seconds: float
    statuses: dict[int, int]
    retry_after: dict[int, int]
    broken: int
    p50: float | None
    p95: float | None
    p99: float | None
    app_cpu_s: float
    generator_cpu_s: float
    again_ms: float

    @property
    def answered(self) -> int:
        return sum(count for status, count in self.statuses.items() if status < 300)

    @property
    def refused(self) -> int:
        return sum(self.statuses.values()) - self.answered

    @property
    def a_second(self) -> float:
        return self.answered / self.seconds

    @property
    def cpu_ms(self) -> float | None:
        """Processor time of the app for an answer, that of refusals included."""
        return 1000 * self.app_cpu_s / self.answered if self.answered else None


class HttpLoad(Struct, frozen=True, kw_only=True):
    """Both routes under more and more clients."""

    command: str
    machine: Machine
    bundle: ModelName
    generator: str
    seconds: int
    image_bytes: int
    threads: int
    most_outstanding: int
    caption: tuple[Step, ...]
    record: tuple[Step, ...]


class Sample(Struct, frozen=True):
    """How a drain stood after so many seconds."""

    second: float
    captioned: int
    oldest_s: float
    memory_mib: float


class Drain(Struct, frozen=True, kw_only=True):
    """Images that were all there when the host started, captioned through the blob trigger.

    `sidecars` are those found afterwards, of distinct images; `captioned_again` counts captions
    beyond one for each image. `app_cpu_s` is the processor time of host and app.
    """

    source: str
    images: int
    seconds: float
    sidecars: int
    captioned_again: int
    app_cpu_s: float
    samples: tuple[Sample, ...]

    @property
    def a_second(self) -> float:
        return self.images / self.seconds

    @property
    def oldest_s(self) -> float:
        return max(each.oldest_s for each in self.samples)


class Drains(Struct, frozen=True, kw_only=True):
    """Images by each way in which the host may learn of them."""

    command: str
    machine: Machine
    bundle: ModelName
    image_bytes: int
    drains: tuple[Drain, ...]

    def with_(self, drain: Drain) -> Self:
        """Give them with this one in place of that of the same source."""
        others = [each for each in self.drains if each.source != drain.source]
        drains = sorted([*others, drain], key=lambda each: each.source, reverse=True)
        return replace(self, drains=tuple(drains))


class Slope(Struct, frozen=True):
    """Growth for each thousand captions in MiB, with its 95 % interval."""

    mib: float
    low: float
    high: float

    @classmethod
    def of(cls, captions: Sequence[int], memory_mib: Sequence[float], blocks: int = 10) -> Self:
        """Fit a line to the means of so many blocks of samples, at least three.

        Neighbouring samples are alike, and an interval from all of them would be far too narrow.
        """
        from scipy.stats import t  # type: ignore[import-untyped] # noqa: PLC0415 - slow to import

        size = max(len(captions) // blocks, 1)
        x, y = (
            [mean(block) for block in batched(values, size, strict=False) if len(block) == size]
            for values in (captions, memory_mib)
        )
        slope, start = linear_regression(x, y)
        left = sum((each - start - slope * at) ** 2 for at, each in zip(x, y, strict=True))
        error = sqrt(left / (len(x) - 2) / sum((at - mean(x)) ** 2 for at in x))
        margin = error * float(t.ppf(0.975, len(x) - 2))
        low, high = slope - margin, slope + margin
        return cls(*(round(1000 * each, 3) for each in (slope, low, high)))


class MemoryRun(Struct, frozen=True, kw_only=True):
    """Resident memory of one process over many captions; the slope is that of the second half."""

    command: str
    machine: Machine
    bundle: ModelName
    captions: int
    large: int
    seconds: float
    at: tuple[int, ...]
    memory_mib: tuple[float, ...]
    slope: Slope


class Load(Struct, frozen=True, kw_only=True):
    """What is known; each part may be measured by a run of its own."""

    http: HttpLoad | None = None
    drains: Drains | None = None
    memory: MemoryRun | None = None


def thinned[T](values: Sequence[T], most: int) -> tuple[T, ...]:
    """Give at most about so many of the values, evenly, the first and the last among them."""
    if len(values) <= most:
        return tuple(values)
    last = len(values) - 1
    return tuple(values[round(place * last / (most - 1))] for place in range(most))
