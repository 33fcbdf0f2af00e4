"""The benchmark measures every part once more than once, and stores what it shows."""

import subprocess
import sys
from pathlib import Path

from benchmarks.load_results import Load
from benchmarks.results import (
    COLLECTION_ROWS,
    GALLERY_ROWS,
    ROWS,
    CollectionSpeed,
    GalleryRun,
    PerImage,
    Results,
    SearchQuality,
    SearchSpeed,
    TelemetryRun,
    load,
)
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
    results = load(out, Results)
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


CAPTIONS = {
    "1.jpg": ["A dog runs .", "A puppy is running .", "A dog in the snow ."],
    "2.jpg": ["Two men play guitars .", "Men with instruments .", "A guitar is played ."],
    "3.jpg": ["A red car .", "A red car on a street .", "A parked car ."],
}


def shown_by(*arguments: object, module: str = "search") -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_how_often_search_finds_the_right_image_is_stored(tmp_path):
    texts, out = tmp_path / "Flickr8k_text", tmp_path / "quality.json"
    texts.mkdir()
    (texts / "Flickr_8k.devImages.txt").write_text("1.jpg\n3.jpg\n")
    (texts / "Flickr8k.token.txt").write_text(
        "".join(
            f"{image}#{number}\t{caption}\n"
            for image, captions in CAPTIONS.items()
            for number, caption in enumerate(captions)
        )
        + "4.jpg.1#0\tA picture without a file .\n"
    )

    shown = shown_by("quality", tmp_path, "--split", "dev", "--share", 4, "--json", out)

    quality = load(out, SearchQuality)
    assert (quality.records, quality.queries, quality.split) == (3, 4, "dev")
    plain, ours = quality.recalls
    assert plain.at == {1: 75.0, 5: 100.0, 10: 100.0}, "the puppy is found by chance alone"
    assert ours.at == {1: 100.0, 5: 100.0, 10: 100.0}
    assert "3 records, 4 queries of the dev split" in shown


def test_what_search_takes_is_stored_for_each_size(tmp_path):
    out = tmp_path / "speed.json"

    shown = shown_by(*("speed", "--records", 20, "--records", 200, "--repeats", 2, "--json", out))

    timings = load(out, SearchSpeed).timings
    assert [each.records for each in timings] == [20, 200]
    assert [each.changes for each in timings] == [20, 100]
    for each in timings:
        assert each.build_s > 0
        assert 0 < each.query.p50 <= each.query.p95
        assert each.disk_mib > 0
    assert "200 records" in shown


def test_what_lists_take_is_stored_for_each_size(tmp_path):
    out = tmp_path / "speed.json"

    shown = shown_by(
        *("--records", 20, "--records", 200, "--repeats", 2, "--json", out), module="collection"
    )

    timings = load(out, CollectionSpeed).timings
    assert [(each.records, each.changes) for each in timings] == [(20, 20), (200, 100)]
    for each in timings:
        assert each.build_s > 0
        assert 0 < each.page.p50 <= each.page.p95
        assert each.quality.p50 > 0
        assert each.disk_mib > 0
    assert all(label in shown for label, _ in COLLECTION_ROWS)


def test_what_the_page_takes_is_stored(tmp_path):
    out = tmp_path / "gallery.json"

    shown = shown_by("--records", 130, "--visits", 2, "--json", out, module="gallery")

    run = load(out, GalleryRun)
    assert (run.records, run.visits) == (130, 2)
    visit = run.visit
    assert 0 < visit.style_kib < visit.script_kib < visit.total_kib
    assert 0 < visit.first_picture_ms <= visit.all_pictures_ms
    assert visit.requests > 3
    assert visit.heap_mib > 0
    assert visit.last_page_ms > 0
    assert all(label in shown for label, _ in GALLERY_ROWS)


def test_what_telemetry_costs_is_stored(tmp_path):
    out = tmp_path / "telemetry.json"

    shown = shown_by("--repeats", 2, "--processes", 1, "--json", out, module="telemetry")

    run = load(out, TelemetryRun)
    assert run.captions > 0
    for each in (run.off, run.on):
        assert each.calls_us > 0
        assert 0 < each.caption.p50 <= each.caption.p95
    assert run.ratio > 0
    assert 0 < run.api_imports_ms < run.app_imports_ms
    assert "ratio of captions" in shown


def test_what_an_image_takes_is_counted(tmp_path):
    out = tmp_path / "per_image.json"

    shown_by("--images", 8, "--json", out, module="per_image")

    found = load(out, PerImage)
    for each in (found.photograph, found.large):
        assert each.cpu_ms > 0
        assert each.requests.writes >= 2  # the sidecar and the change log
        assert each.requests_again.reads < each.requests.reads
    assert found.large.bytes > found.photograph.bytes


def test_load_is_measured_part_by_part_and_drawn(tmp_path):
    out = tmp_path / "load.json"

    shown = shown_by(
        *("--clients", 2, "--clients", 100, "--seconds", 1, "--images", 10, "--captions", 60),
        *("--json", out, "--plot", tmp_path),
        module="load",
    )

    found = load(out, Load)
    for steps in (found.http.caption, found.http.record):
        few, many = steps
        assert few.statuses.keys() == {200}
        assert many.statuses.keys() <= {200, 429, 503}
        assert many.refused, "the host has room for 64"
        assert not few.broken + many.broken
        assert 0 < few.p50 <= few.p95 <= few.p99
        assert few.app_cpu_s > 0
    assert [each.source for each in found.drains.drains] == ["polling", "event-grid"]
    for drain in found.drains.drains:
        assert (drain.sidecars, drain.captioned_again) == (10, 0)
        assert drain.samples[-1].captioned == 10
    assert found.memory.at[-1] == 60
    assert max(found.memory.memory_mib) > 10
    assert "10 sidecars" in shown
    for name in ("http", "drain", "memory"):
        assert "</svg>" in (tmp_path / f"load_{name}.svg").read_text()
