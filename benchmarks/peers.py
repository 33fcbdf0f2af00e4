"""Ours against what people would use instead: the same pictures, cores and rounds.

Each peer runs in a process of its own that stays; in each round every one of them captions the same
picture, one after the other, so that whatever else the machine does strikes them alike.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter

from rich.console import Console
from rich.progress import track

from benchmarks.host import ROOT
from benchmarks.own import MODELS, own_decode
from benchmarks.pictures import photographs
from benchmarks.speed_results import Peer, Peers
from captioner.images import Picture
from captioner.model.bundle import open_bundle
from captioner.model.onnx_captioner import OnnxCaptioner

WORDS = 12
THREADS = 2
ENVIRONMENT = ROOT / ".venv-peers"
REQUIREMENTS = ROOT / "benchmarks" / "requirements-peers.txt"

_KERAS = {
    "tutorial": "The tutorial's way: VGG16 + LSTM, Keras, `predict` a word",
    "keras-1": "Our model in Keras, greedy",
    "keras-3": "Our model in Keras, 3 beams",
}
_TORCH = {
    "vit-1": "ViT-base + GPT-2, PyTorch, greedy",
    "vit-3": "ViT-base + GPT-2, PyTorch, 3 beams",
    "vit-int8-1": "ViT-base + GPT-2, PyTorch int8, greedy",
    "vit-int8-3": "ViT-base + GPT-2, PyTorch int8, 3 beams",
    "blip-1": "BLIP-base, PyTorch, greedy",
    "blip-3": "BLIP-base, PyTorch, 3 beams",
}


type _Process = subprocess.Popen[str]


class PeerFault(Exception):
    """A peer cannot be run."""


def peers(rounds: int, seconds: float) -> Peers:
    """Caption a picture a round with each, until the rounds or the seconds are over."""
    files = photographs()
    pictures = [own_decode(file) for file in files]
    captioner = OnnxCaptioner(open_bundle(MODELS, threads=THREADS))
    captioner.caption(pictures[:1])
    left_out: dict[str, str] = {}
    taken: dict[str, list[float]] = {name: [] for name in (*_KERAS, *_TORCH)}
    ours: list[float] = []
    deadline = monotonic() + seconds
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        paths = _stored(folder, files)
        own_python = Path(sys.executable)
        asked = dict.fromkeys(_KERAS, _worker_of(stack, own_python, "benchmarks.peer_keras", paths))
        try:
            torch = _worker_of(stack, environment(), "benchmarks.peer_torch", paths)
            asked |= dict.fromkeys(_TORCH, torch)
        except PeerFault as fault:
            left_out.update({label: str(fault) for label in _TORCH.values()})
        numbers = track(range(rounds + 1), "peers", console=_console(), transient=True)
        for number in numbers:
            place = number % len(pictures)
            own = _own_time(captioner, pictures[place])
            told = {name: _told(process, name, place) for name, process in asked.items()}
            for name, answer in told.items():
                if isinstance(answer, str):
                    left_out[_label(name)] = answer
                    del asked[name]
            if number:  # the first round allocates
                ours.append(own)
                for name, answer in told.items():
                    if isinstance(answer, float):
                        taken[name].append(answer)
            if number >= 2 and monotonic() > deadline:
                break
    return Peers(
        rounds=len(ours),
        words=WORDS,
        ours_ms=round(median(ours), 2),
        peers=tuple(
            Peer(
                name=_label(name),
                milliseconds=round(median(times), 1),
                times_ours=round(
                    median(time / own for time, own in zip(times, ours, strict=True)), 1
                ),
            )
            for name, times in taken.items()
            if len(times) == len(ours)
        ),
        left_out=left_out,
    )


def _label(name: str) -> str:
    return {**_KERAS, **_TORCH}[name]


def _own_time(captioner: OnnxCaptioner, picture: Picture) -> float:
    """Time ours three times and take the middle: others have just used the caches."""
    times = []
    for _ in range(3):
        began = perf_counter()
        captioner.caption([picture])
        times.append((perf_counter() - began) * 1000)
    return median(times)


def _stored(folder: Path, files: Sequence[bytes]) -> list[str]:
    paths = [folder / f"{number}.jpg" for number in range(len(files))]
    for path, file in zip(paths, files, strict=True):
        path.write_bytes(file)
    return [str(path) for path in paths]


def _worker_of(stack: ExitStack, python: Path, module: str, paths: Sequence[str]) -> _Process:
    """Start a process of peers."""
    arguments = [str(WORDS), str(THREADS), *paths]
    return stack.enter_context(_worker([str(python), "-m", module, *arguments]))


@contextmanager
def _worker(command: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        with suppress(OSError):  # what it had not read yet
            process.communicate()


def _told(process: _Process, name: str, number: int) -> float | str:
    """Ask a process for the milliseconds of a caption; what it says else is why there are none."""
    if process.stdin is None or process.stdout is None:
        return "it has no pipes"
    try:
        process.stdin.write(f"{name} {number}\n")
        process.stdin.flush()
    except OSError:
        return "its process ended"
    answer = process.stdout.readline().strip()
    try:
        return float(answer)
    except ValueError:
        return answer or "its process ended"


def environment() -> Path:
    """Give the Python that has the peers' packages, made where there is none.

    Raises `PeerFault` where they cannot be installed.
    """
    python = ENVIRONMENT / "bin" / "python"
    mark = ENVIRONMENT / "installed"
    wanted = REQUIREMENTS.read_text()
    if mark.exists() and mark.read_text() == wanted:
        return python
    base = shutil.which("python3.11") or sys.executable
    for command in (
        [base, "-m", "venv", str(ENVIRONMENT)],
        [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(REQUIREMENTS)],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise PeerFault(f"its packages cannot be installed: {' '.join(last)[:160]}")
    mark.write_text(wanted)
    return python


def _console() -> Console:
    return Console(stderr=True)
