"""What a benchmark runs on."""

import os
import platform
from pathlib import Path

import onnxruntime

from benchmarks.results import Machine


def this_machine() -> Machine:
    """Describe the machine that this runs on."""
    described = Path("/proc/cpuinfo")
    named = [
        line.partition(":")[2].strip()
        for line in (described.read_text().splitlines() if described.exists() else ())
        if line.startswith("model name")
    ]
    return Machine(
        processor=named[0] if named else platform.processor() or platform.machine(),
        cores=os.cpu_count() or 1,
        system=platform.system(),
        python=platform.python_version(),
        onnxruntime=onnxruntime.__version__,
    )
