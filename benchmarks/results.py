"""What benchmark runs found, as it is stored beside this file."""

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


class StorageRequests(Struct, frozen=True):
    """Requests of storage for an image, on average, by what they are charged as."""

    reads: float
    writes: float
    queue: float


class ImageTakes(Struct, frozen=True, kw_only=True):
    """What an image takes from its event to its sidecar; medians, of one at a time.

    `requests_again` are those of the same event when it comes a second time.
    """

    images: int
    bytes: int
    cpu_ms: float
    elapsed_ms: float
    requests: StorageRequests
    requests_again: StorageRequests


class PerImage(Struct, frozen=True, kw_only=True):
    """What photographs of ordinary size and 12-megapixel JPEGs take."""

    command: str
    bundle: ModelName
    machine: Machine
    photograph: ImageTakes
    large: ImageTakes


class Recall(Struct, frozen=True):
    """How many percent of the queries have the right image in the first so many, by ranker."""

    ranker: str
    at: dict[int, float]


class SearchQuality(Struct, frozen=True, kw_only=True):
    """How often search finds the right image."""

    command: str
    split: str
    records: int
    queries: int
    recalls: tuple[Recall, ...]


class SearchTimings(Struct, frozen=True, kw_only=True):
    """What an index of so many records takes: processor time, disk, memory beside the records."""

    records: int
    build_s: float
    changes: int
    follow_s: float
    query: Spread
    disk_mib: float
    memory_mib: float


SEARCH_ROWS: tuple[tuple[str, Callable[[SearchTimings], str]], ...] = (
    ("built in", lambda each: f"{each.build_s:.1f} s"),
    ("brought up to date", lambda each: f"{each.follow_s:.2f} s"),
    ("query, median", lambda each: f"{each.query.p50:.1f} ms"),
    ("query, 95th percentile", lambda each: f"{each.query.p95:.1f} ms"),
    ("disk", lambda each: f"{each.disk_mib:.1f} MiB"),
    ("memory beside the records, at most", lambda each: f"{each.memory_mib:.0f} MiB"),
)
"""What is told of each size, in this order."""


class SearchSpeed(Struct, frozen=True, kw_only=True):
    """What search takes, by the size of its index."""

    command: str
    machine: Machine
    timings: tuple[SearchTimings, ...]


class CollectionTimings(Struct, frozen=True, kw_only=True):
    """What listing so many records takes: processor time, disk."""

    records: int
    build_s: float
    changes: int
    follow_s: float
    page: Spread
    quality: Spread
    disk_mib: float


COLLECTION_ROWS: tuple[tuple[str, Callable[[CollectionTimings], str]], ...] = (
    ("built in", lambda each: f"{each.build_s:.1f} s"),
    ("brought up to date", lambda each: f"{each.follow_s:.2f} s"),
    ("page of 60 with counts, median", lambda each: f"{each.page.p50:.1f} ms"),
    ("page of 60 with counts, 95th percentile", lambda each: f"{each.page.p95:.1f} ms"),
    ("figures of quality, median", lambda each: f"{each.quality.p50:.1f} ms"),
    ("disk", lambda each: f"{each.disk_mib:.1f} MiB"),
)
"""What is told of each size, in this order."""


class CollectionSpeed(Struct, frozen=True, kw_only=True):
    """What lists take, by how many records there are."""

    command: str
    machine: Machine
    timings: tuple[CollectionTimings, ...]


def save(results: Struct, path: Path) -> None:
    """Write results as JSON for people to read."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def load[Of: Struct](path: Path, kind: type[Of]) -> Of:
    """Read results.

    Raises `OSError` or `msgspec.DecodeError`.
    """
    return msgspec.json.decode(path.read_bytes(), type=kind)


class GalleryVisit(Struct, frozen=True, kw_only=True):
    """What one look at the gallery's page takes, from its opening by a newcomer.

    KiB are those transferred until the network is still. `blocked_ms` is what long tasks (over
    50 ms) take beyond 50 ms each; `heap_mib` is the script's memory after the last page was seen.
    """

    script_kib: float
    style_kib: float
    total_kib: float
    requests: float
    first_picture_ms: float
    all_pictures_ms: float
    largest_paint_ms: float
    long_tasks: float
    blocked_ms: float
    heap_mib: float
    last_page_ms: float
    back_ms: float


GALLERY_ROWS: tuple[tuple[str, Callable[[GalleryVisit], str]], ...] = (
    ("script, transferred", lambda visit: f"{visit.script_kib:.0f} KiB"),
    ("style, transferred", lambda visit: f"{visit.style_kib:.0f} KiB"),
    ("everything, pictures included", lambda visit: f"{visit.total_kib:,.0f} KiB"),
    ("requests", lambda visit: f"{visit.requests:g}"),
    ("first picture drawn after", lambda visit: f"{visit.first_picture_ms:.0f} ms"),
    ("all pictures in the window drawn after", lambda visit: f"{visit.all_pictures_ms:.0f} ms"),
    ("largest contentful paint", lambda visit: f"{visit.largest_paint_ms:.0f} ms"),
    (
        "long tasks, and the time they block",
        lambda visit: f"{visit.long_tasks:g}, {visit.blocked_ms:.0f} ms",
    ),
    ("to the last page", lambda visit: f"{visit.last_page_ms:.0f} ms"),
    ("and back", lambda visit: f"{visit.back_ms:.0f} ms"),
    ("memory of the script", lambda visit: f"{visit.heap_mib:.1f} MiB"),
)
"""What is told of a visit, in this order."""


class GalleryRun(Struct, frozen=True, kw_only=True):
    """The gallery's page over so many records; `visit` has the medians of so many visits."""

    command: str
    machine: Machine
    browser: str
    window: tuple[int, int]
    records: int
    visits: int
    visit: GalleryVisit


class TelemetryCost(Struct, frozen=True, kw_only=True):
    """What telemetry costs where nobody listens, or where the SDK hands all of it to exporters.

    `calls_us` is what an image's own calls take, in microseconds; `caption` the whole caption of a
    photograph with them. Both are processor time.
    """

    calls_us: float
    caption: Spread


class TelemetryRun(Struct, frozen=True, kw_only=True):
    """Captions with and without an SDK, taking turns; `ratio` is that of the medians.

    Imports are processor time, the median of so many processes: those of the whole app, of
    OpenTelemetry's API, which the app imports, and of Microsoft's exporter, which the worker
    imports where telemetry is on.
    """

    command: str
    machine: Machine
    bundle: ModelName
    captions: int
    processes: int
    off: TelemetryCost
    on: TelemetryCost
    ratio: float
    app_imports_ms: float
    api_imports_ms: float
    exporter_imports_ms: float
