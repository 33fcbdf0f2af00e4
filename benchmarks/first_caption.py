"""One caption in a fresh process: `python -m benchmarks.first_caption FILE` tells its memory.

Loads the app as a Functions worker does, so that whoever starts it can time the whole of it.
"""

import resource
import sys
from pathlib import Path

import function_app  # noqa: F401 - what a worker loads before it can caption
from captioner.captioning import Image
from captioner.composition import services
from captioner.records import ImageFacts


def main() -> None:
    """Caption the file and print the greatest memory that this process held, in MiB."""
    image = Image(ImageFacts(name="image"), Path(sys.argv[1]).read_bytes())
    (captioned,) = services().captioning.caption([image])
    if not captioned.record.captions:
        raise SystemExit(captioned.record.problems[0].message)
    sys.stdout.write(f"{_peak_mib():.1f}\n")


def _peak_mib() -> float:
    """Give the peak of resident memory.

    Not by `getrusage` on Linux: there it counts what the parent held when it started us.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (row for row in status.read_text().splitlines() if row.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
