"""What is told of the gallery's page, from measurements made up for the test."""

from pathlib import Path

import pytest

from benchmarks.results import GalleryRun, GalleryVisit, Machine, save
from scripts.docs import blocks_of
from scripts.errors import SetupError

RUN = GalleryRun(
    command="python -m benchmarks.gallery --records 5000",
    machine=Machine("A processor", 2, "Linux", "3.13.0", "1.32.0"),
    browser="Chromium 150.0",
    window=(1280, 900),
    records=5000,
    visits=5,
    visit=GalleryVisit(
        script_kib=58.6,
        style_kib=14.5,
        total_kib=1234.5,
        requests=56.0,
        first_picture_ms=400.0,
        all_pictures_ms=640.5,
        largest_paint_ms=650.0,
        long_tasks=2.0,
        blocked_ms=79.0,
        heap_mib=2.84,
        last_page_ms=300.0,
        back_ms=250.0,
    ),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "benchmarks").mkdir()
    return tmp_path


def test_a_visit_is_told_with_what_it_was_measured_on(root: Path) -> None:
    save(RUN, root / "benchmarks" / "gallery.json")
    told = blocks_of(root)["gallery"]()
    assert "| The page opened by a newcomer, median | 5,000 records |" in told
    assert "| script, transferred | 59 KiB |" in told
    assert "| everything, pictures included | 1,234 KiB |" in told
    assert "| requests | 56 |" in told
    assert "| long tasks, and the time they block | 2, 79 ms |" in told
    assert "| memory of the script | 2.8 MiB |" in told
    assert told.endswith(
        "5 visits with an empty cache, Chromium 150.0 without a screen, 1280 x 900 pixels; the "
        "development host and the storage emulator on the same machine: A processor, 2 cores, "
        "Linux, Python 3.13.0. Measured by `python -m benchmarks.gallery --records 5000`."
    )


def test_without_a_run_it_is_told_how_to_make_one(root: Path) -> None:
    with pytest.raises(SetupError, match=r"python -m benchmarks\.gallery --records 5000 --json"):
        blocks_of(root)["gallery"]()
