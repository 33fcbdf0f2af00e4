"""What a benchmark run found, as it is stored in results.json."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Self

import msgspec
from msgspec import Struct

from captioner.records import ModelName

RESULTS = Path(__file__).with_name("results.json")


class Machine(Struct, frozen=True):
    """What it was measured on."""

    processor: str
    cores: int
    system: str
    python: str
    onnxruntime: str


class Spread(Struct, frozen=True):
    """Median and 95th percentile of repeated measurements, in milliseconds."""

    p50: float
    p95: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """Sum up at least two measurements."""
        *_, high = quantiles(values, n=20, method="inclusive")
        return cls(round(median(values), 2), round(high, 2))


class Timings(Struct, frozen=True, kw_only=True):
    """Time of one picture with so many threads; beams by their number."""

    threads: int
    decode: Spread
    decode_large: Spread
    encode: Spread
    search: dict[int, Spread]
    whole: Spread
    whole_large: Spread


ROWS: tuple[tuple[str, Callable[[Timings], Spread]], ...] = (
    ("decode a photograph", lambda timings: timings.decode),
    ("decode a 12-megapixel JPEG", lambda timings: timings.decode_large),
    ("resize and encode", lambda timings: timings.encode),
    ("search, greedy", lambda timings: timings.search[1]),
    ("search, 3 beams", lambda timings: timings.search[3]),
    ("whole caption of a photograph", lambda timings: timings.whole),
    ("whole caption of a 12-megapixel JPEG", lambda timings: timings.whole_large),
)
"""What is told of each number of threads, in this order."""


class FreshProcess(Struct, frozen=True):
    """A process from its start to its first caption, that and the import of the app included."""

    seconds: float
    peak_mib: float


class Results(Struct, frozen=True, kw_only=True):
    """Everything of one run."""

    command: str
    bundle: ModelName
    beam_size: int
    machine: Machine
    photographs: int
    repeats: int
    timings: tuple[Timings, ...]
    fresh: FreshProcess
    fresh_large: FreshProcess


class JobRun(Struct, frozen=True, kw_only=True):
    """A directory captioned by a job whose host was killed on the way.

    `captioned_again` images were in work at a kill and had no result yet. `seconds` begin with the
    request and end with the last result; the starts of hosts are in them, and after each kill the
    `lease_seconds` for which the steps in work stay hidden.
    """

    command: str
    bundle: ModelName
    machine: Machine
    images: int
    kills: int
    lease_seconds: int
    results: int
    captioned: int
    captioned_again: int
    seconds: float
    documents: int


def save(results: Results | JobRun, path: Path) -> None:
    """Write results as JSON for people to read."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def load(path: Path) -> Results:
    """Read results.

    Raises `OSError` or `msgspec.DecodeError`.
    """
    return msgspec.json.decode(path.read_bytes(), type=Results)


def load_job_run(path: Path) -> JobRun:
    """Read the figures of a job; raises as `load` does."""
    return msgspec.json.decode(path.read_bytes(), type=JobRun)
