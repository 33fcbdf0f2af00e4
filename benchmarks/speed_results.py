"""What `python -m benchmarks.suite` found, part by part, as it is stored in speed.json."""

from pathlib import Path

from msgspec import UNSET, Struct, UnsetType

from benchmarks.results import Machine, Spread
from captioner.records import ModelName

RESULTS = Path(__file__).with_name("speed.json")


class Stages(Struct, frozen=True, kw_only=True):
    """Milliseconds of one picture by what is done, for each number of threads."""

    repeats: int
    rows: dict[str, dict[int, Spread]]


class Throughput(Struct, frozen=True, kw_only=True):
    """Pictures a second, decoded before, by threads and pictures a call; `callers` call at once."""

    seconds: float
    by_batch: dict[int, dict[int, float]]
    by_callers: dict[int, float]


class Peer(Struct, frozen=True, kw_only=True):
    """Another way to caption the same pictures, on the same cores, in the same rounds."""

    name: str
    milliseconds: float
    """A picture, decoded before: the median."""
    times_ours: float
    """The median over rounds of its time over ours, at 3 beams."""


class Peers(Struct, frozen=True, kw_only=True):
    """Ours, and the others; `left_out` are those that could not be run, with why."""

    rounds: int
    words: int
    ours_ms: float
    peers: tuple[Peer, ...]
    left_out: dict[str, str]


class Limit(Struct, frozen=True, kw_only=True):
    """What a picture takes in multiply-adds, and how fast the machine multiplies matrices.

    Rates are thousand millions of multiply-adds a second on one thread, measured with onnxruntime.
    `row` is of one caption and word, times `rows` for a caption of 3 beams.
    """

    encoder: int
    row: int
    rows: float
    fp32_rate: float
    int8_rate: float
    encode_ms: float
    search_ms: float
    search_in_graph_ms: float

    @property
    def encode_share(self) -> float:
        """Of the machine's peak at 8 bits."""
        return self.encoder / self.int8_rate / 1e6 / self.encode_ms

    @property
    def search_share(self) -> float:
        """Of the machine's peak at 8 bits."""
        return self.row * self.rows / self.int8_rate / 1e6 / self.search_ms


class Footprint(Struct, frozen=True, kw_only=True):
    """What a fresh process takes to its first caption, and what is deployed."""

    seconds: float
    import_seconds: float
    peak_mib: float
    peak_large_mib: float
    package_mib: float
    package_zip_mib: float


class OverHttp(Struct, frozen=True, kw_only=True):
    """Processor time of a request by the host's process, and of the same caption by itself."""

    requests: int
    request_ms: float
    own_ms: float


class SpeedRun(Struct, frozen=True, kw_only=True):
    """All parts that have been measured, of one bundle on one machine."""

    command: str
    bundle: ModelName
    machine: Machine
    stages: Stages | UnsetType = UNSET
    throughput: Throughput | UnsetType = UNSET
    peers: Peers | UnsetType = UNSET
    limit: Limit | UnsetType = UNSET
    footprint: Footprint | UnsetType = UNSET
    http: OverHttp | UnsetType = UNSET
