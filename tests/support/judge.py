"""What becomes of files that are captioned, each in a process of its own whose use is measured.

    with Judge() as judge:
        judge.verdict(path).code

The processes are forked off one that has loaded the decoders, so that a verdict takes milliseconds
and holds nothing that another has left behind.
"""

import json
import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Self

import defusedxml.expatreader  # noqa: F401 - else each process would load it by itself

from captioner.errors import CaptionerError
from captioner.images import decode
from captioner.images.formats import FORMATS
from captioner.images.metadata import texts_in
from captioner.settings import Settings
from captioner.thumbnails import LONGEST_SIDE, jpeg_of

MIB = 1 << 20
# A process that takes more is ended: the machine that runs the tests must not suffer.
_MOST_BYTES = 6 << 30
_MOST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` is None for a picture; `mib` is memory beside what the process held before.

    `seconds` are of processor time, which does not depend on what else the machine does.
    """

    code: str | None
    mib: float
    seconds: float


class Judge:
    """Looks at files; one process at a time."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def verdict(self, path: Path) -> Verdict:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        return Verdict(**json.loads(self._process.stdout.readline()))


def _look(path: str, answer: int) -> None:
    """Do with a file all that captioning does before a model sees it, and tell what came of it."""
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    before = resource.getrusage(resource.RUSAGE_SELF)
    data = Path(path).read_bytes()
    code = None
    try:
        limits = Settings()
        picture = decode(
            data,
            max_bytes=limits.max_image_bytes,
            max_pixels=limits.max_image_pixels,
            max_memory=limits.max_image_memory,
        )
        texts_in(data)
        jpeg_of(picture.image, LONGEST_SIDE["small"])
    except CaptionerError as fault:
        code = fault.code
    after = resource.getrusage(resource.RUSAGE_SELF)
    told = {
        "code": code,
        "mib": (after.ru_maxrss - before.ru_maxrss) / 1024 - len(data) / MIB,
        "seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    }
    os.write(answer, json.dumps(told).encode())


def _judge(path: str) -> dict[str, object]:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _look(path, write)
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as told:
        answer = told.read()
    _, status = os.waitpid(child, 0)
    return json.loads(answer or f'{{"code": "died: {status}", "mib": 0, "seconds": 0}}')


def main() -> None:
    """Answer each line, which is a path, with a line of JSON."""
    for each in FORMATS:
        import_module(each.module)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_judge(line.rstrip("\n"))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
