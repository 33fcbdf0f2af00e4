"""The table of README.md about the gallery's page, in Markdown, from what was measured."""

from benchmarks.results import GALLERY_ROWS, GalleryRun
from scripts.tables import markdown_table


def gallery_table(run: GalleryRun) -> str:
    """What a first look at the page takes."""
    width, height = run.window
    table = markdown_table(
        ("The page opened by a newcomer, median", f"{run.records:,} records"),
        ((label, told(run.visit)) for label, told in GALLERY_ROWS),
        right=True,
    )
    machine = run.machine
    return (
        f"{table}\n\n{run.visits} visits with an empty cache, {run.browser} without a screen, "
        f"{width} x {height} pixels; the development host and the storage emulator on the same "
        f"machine: {machine.processor}, {machine.cores} cores, {machine.system}, Python "
        f"{machine.python}. Measured by `{run.command}`."
    )
