"""Tables of docs/performance.md, from what `benchmarks.suite` measured."""

from typing import NamedTuple

from msgspec import UNSET

from benchmarks.speed_results import Footprint, Limit, OverHttp, Peers, SpeedRun, Stages
from scripts.tables import markdown_table

type _Rows = list[tuple[str, ...]]

_MISSING = "Not measured yet: run `make benchmark`."


def told(run: SpeedRun) -> str:
    """What it was measured on, and how."""
    machine = run.machine
    return (
        f"Bundle {run.bundle.version}; {machine.processor}, {machine.cores} cores, "
        f"{machine.system}, Python {machine.python}, onnxruntime {machine.onnxruntime}. Measured "
        f"by `{run.command}`."
    )


def stages_table(run: SpeedRun) -> str:
    """Times of one picture by what is done."""
    if run.stages is UNSET:
        return _MISSING
    threads = sorted(next(iter(run.stages.rows.values())))
    rows = (
        (label, *(f"{times[each].p50:.1f} ({times[each].p95:.1f})" for each in threads))
        for label, times in run.stages.rows.items()
    )
    heads = [f"{each} thread{'s' if each > 1 else ''}" for each in threads]
    table = markdown_table(("Milliseconds, median (95th percentile)", *heads), rows, right=True)
    return f"{table}\n\n{run.stages.repeats} repeats, threads taking turns. {told(run)}"


def targets_table(run: SpeedRun) -> str:
    """What was aimed at, and what came of it."""
    if run.stages is UNSET or run.peers is UNSET or run.footprint is UNSET or run.http is UNSET:
        return _MISSING
    rows = [
        (what, aim.told, aim.unit.format(found), _verdict(aim, found))
        for what, (aim, found) in _aims(run.stages, run.peers, run.footprint, run.http).items()
    ]
    table = markdown_table(("On two cores", "Target", "Measured", ""), rows, right=True)
    return f"{table}\n\n{told(run)}"


class _Aim(NamedTuple):
    """At most so much, or at least, where more is better."""

    value: float
    unit: str
    more_is_better: bool = False

    @property
    def told(self) -> str:
        bound = "at least" if self.more_is_better else "at most"
        return f"{bound} {self.unit.format(self.value)}"


def _aims(
    stages: Stages, peers: Peers, footprint: Footprint, http: OverHttp
) -> dict[str, tuple[_Aim, float]]:
    fastest = {
        label: min(each.p50 for each in by_threads.values())
        for label, by_threads in stages.rows.items()
    }
    times = {peer.name: peer.times_ours for peer in peers.peers}
    times_of = _Aim(0, "{:.0f} times", more_is_better=True)
    return {
        "picture to caption, 3 beams": (
            _Aim(12, "{:.0f} ms"),
            fastest["picture to caption, 3 beams"],
        ),
        "a 12-megapixel JPEG to its record": (
            _Aim(50, "{:.0f} ms"),
            fastest["record of a 12-megapixel JPEG"],
        ),
        "faster than the tutorial's way": (
            times_of._replace(value=55),
            next(value for name, value in times.items() if "tutorial" in name),
        ),
        "faster than ViT-base + GPT-2, 3 beams": (
            times_of._replace(value=100),
            times["ViT-base + GPT-2, PyTorch, 3 beams"],
        ),
        "fresh process to its first caption": (_Aim(2.5, "{:.1f} s"), footprint.seconds),
        "most resident memory": (_Aim(350, "{:.0f} MiB"), footprint.peak_large_mib),
        "processor time that HTTP adds": (
            _Aim(0.2, "{:.0%}"),
            http.request_ms / http.own_ms - 1,
        ),
    }


def _verdict(aim: _Aim, found: float) -> str:
    over = aim.value / found if aim.more_is_better else found / aim.value
    return "met" if over <= 1 else f"missed, by a factor of {over:.1f}"


def throughput_table(run: SpeedRun) -> str:
    """Pictures a second, by how they are asked for."""
    if run.throughput is UNSET:
        return _MISSING
    found = run.throughput
    batches = sorted(next(iter(found.by_batch.values())))
    rows: _Rows = [
        (f"{threads} thread{'s' if threads > 1 else ''}", *(f"{by[each]:.0f}" for each in batches))
        for threads, by in found.by_batch.items()
    ]
    table = markdown_table(
        ("Pictures a second, decoded before", *(f"{each} a call" for each in batches)),
        rows,
        right=True,
    )
    callers = ", ".join(f"{rate:.0f} from {each}" for each, rate in found.by_callers.items())
    return (
        f"{table}\n\nOf callers at once, one picture a call and one thread each: {callers}. "
        f"{found.seconds:g} s each. {told(run)}\n\n"
        "![Pictures a second against pictures a call, for one thread and two.]"
        "(speed_throughput.svg)"
    )


def peers_table(run: SpeedRun) -> str:
    """Ours against what people would use instead."""
    if run.peers is UNSET:
        return _MISSING
    found = run.peers
    rows: _Rows = [("captioner, 3 beams", f"{found.ours_ms:.1f}", "1")]
    rows += [
        (peer.name, f"{peer.milliseconds:,.0f}", f"{peer.times_ours:.0f}") for peer in found.peers
    ]
    rows += [(name, f"left out: {why}", "") for name, why in found.left_out.items()]
    table = markdown_table(
        ("Decoded picture to caption, 2 cores", "ms, median", "times ours"), rows, right=True
    )
    return (
        f"{table}\n\n{found.rounds} rounds, each captioning the same photograph with all; the "
        f"others write {found.words} words. {told(run)}\n\n"
        "![Milliseconds a picture of captioner and of the others, on a logarithmic scale.]"
        "(speed_peers.svg)"
    )


def limit_table(run: SpeedRun) -> str:
    """What a caption takes of what the machine can do."""
    if run.limit is UNSET:
        return _MISSING
    found = run.limit
    rows: _Rows = [
        (
            "encoder",
            f"{found.encoder / 1e6:,.0f}",
            *_limits(found, found.encoder),
            f"{found.encode_ms:.1f}",
            f"{found.encode_share:.0%}",
        ),
        (
            f"search, 3 beams: {found.rows:g} rows of {found.row / 1e6:.1f} million",
            f"{found.row * found.rows / 1e6:,.0f}",
            *_limits(found, found.row * found.rows),
            f"{found.search_ms:.1f}",
            f"{found.search_share:.0%}",
        ),
    ]
    table = markdown_table(
        (
            "One picture, one thread",
            "million multiply-adds",
            "ms at the fp32 peak",
            "at the int8 peak",
            "ms measured",
            "of the int8 peak",
        ),
        rows,
        right=True,
    )
    return (
        f"{table}\n\nPeaks: {found.fp32_rate:.0f} and {found.int8_rate:.0f} thousand million "
        f"multiply-adds a second, the fastest of onnxruntime's products of 1024 x 1024 matrices. "
        f"Of the search, {found.search_in_graph_ms:.1f} ms are in the decoder's graph, the rest "
        f"in Python. {told(run)}"
    )


def _limits(found: Limit, multiply_adds: float) -> tuple[str, str]:
    rates = (found.fp32_rate, found.int8_rate)
    fp32, int8 = (f"{multiply_adds / rate / 1e6:.1f}" for rate in rates)
    return fp32, int8


def footprint_table(run: SpeedRun) -> str:
    """What a process takes, and what HTTP adds."""
    rows: _Rows = []
    if run.footprint is not UNSET:
        found = run.footprint
        rows += [
            ("fresh process to its first caption", f"{found.seconds:.2f} s"),
            ("of that, loading the app", f"{found.import_seconds:.2f} s"),
            ("most resident memory, a photograph", f"{found.peak_mib:.0f} MiB"),
            ("most resident memory, a 12-megapixel JPEG", f"{found.peak_large_mib:.0f} MiB"),
            (
                "deployment package without dependencies, and zipped",
                f"{found.package_mib:.1f} MiB, {found.package_zip_mib:.1f} MiB",
            ),
        ]
    if run.http is not UNSET:
        http = run.http
        rows += [
            ("processor time of a photograph by HTTP", f"{http.request_ms:.1f} ms"),
            ("of the same, decoded and captioned without HTTP", f"{http.own_ms:.1f} ms"),
            ("HTTP, worker and record add", f"{http.request_ms / http.own_ms - 1:.0%}"),
        ]
    if not rows:
        return _MISSING
    return f"{markdown_table(('Process', ''), rows, right=True)}\n\n{told(run)}"
