"""The benchmark measures every part once more than once, and stores what it shows."""

import subprocess
import sys
from pathlib import Path

from benchmarks.results import ROWS, load
from tests.support.bundles import make_bundle

ROOT = Path(__file__).resolve().parent.parent.parent


def test_every_part_is_measured_and_stored(tmp_path):
    bundle, out = make_bundle(tmp_path / "bundle", version="7"), tmp_path / "results.json"

    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.caption", "--bundle", bundle),
            *("--repeats", "2", "--json", out),
        ],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )

    assert done.returncode == 0, done.stderr
    results = load(out)
    assert results.bundle.version == "7"
    assert [each.threads for each in results.timings] == [1, 2]
    for _, spread in ROWS:
        assert all(0 < spread(each).p50 <= spread(each).p95 for each in results.timings)
    for fresh in (results.fresh, results.fresh_large):
        assert fresh.seconds > 0
        assert fresh.peak_mib > 10
    assert all(label in done.stdout for label, _ in ROWS)
    assert "Fresh process, 12 MP JPEG" in done.stdout


def test_without_a_bundle_it_says_so(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.caption", "--bundle", tmp_path],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("There is no model bundle in")
    assert "Traceback" not in done.stderr
