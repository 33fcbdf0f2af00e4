"""What so many images need, reckoned from what one image takes: `python -m benchmarks.sizing`.

Measured are processor time and requests of storage (`benchmarks/per_image.json`); assumed are the
prices and the platform (`benchmarks/prices.toml`, `benchmarks.scale_out`).
"""

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct, convert

from benchmarks.results import ImageTakes, PerImage, load
from benchmarks.scale_out import Course, Fleet, simulate

FOLDER = Path(__file__).parent
MEASURED = FOLDER / "per_image.json"
PRICES = FOLDER / "prices.toml"

DAY_S = 86_400
MILLION = 1_000_000
BURST = 100_000
_PEAKEDNESS = 2.6  # has the busiest minutes bring three times what lands on average
MOST_INSTANCES = 100
AT_ONCE = 2
"""Messages of one instance at once: `maxDegreeOfParallelism` in host.json."""


class Functions(Struct, frozen=True):
    gb_second: float
    million_executions: float
    free_gb_seconds: float
    free_executions: float
    least_seconds: float
    memory_gb: float
    cores: float


class Storage(Struct, frozen=True):
    ten_thousand_reads: float
    ten_thousand_writes: float
    ten_thousand_queue_requests: float
    gb_month: float


class EventGrid(Struct, frozen=True):
    million_operations: float
    free_operations: float
    operations_an_image: float


class Vision(Struct, frozen=True):
    thousand_below_a_million: float
    thousand_above: float
    requests_a_second: float


class Logs(Struct, frozen=True):
    gb: float
    free_gb: float
    kb_an_image: float


class Platform(Struct, frozen=True):
    queue_requests: float


class Prices(Struct, frozen=True):
    """What is paid for what, and how the platform counts."""

    functions: Functions
    storage: Storage
    event_grid: EventGrid
    vision: Vision
    logs: Logs
    platform: Platform


@dataclass(frozen=True, slots=True)
class Costs:
    """Dollars for so many images that land within one month, free grants taken off."""

    images: int
    functions: float
    storage: float
    event_grid: float
    logs: float
    kept: float
    """For keeping the images themselves for a month."""
    vision: float

    @property
    def without_vision(self) -> float:
        return self.functions + self.storage + self.event_grid + self.logs + self.kept


def load_prices(path: Path = PRICES) -> Prices:
    """Read the prices; raises `msgspec.ValidationError` for one that is missing."""
    told: Mapping[str, Any] = tomllib.loads(path.read_text())
    return convert(told, Prices)


def instance_seconds(image: ImageTakes, prices: Prices) -> float:
    """Give how long an instance is busy with one of many images that wait for it."""
    return image.cpu_ms / 1000 / prices.functions.cores


def costs(image: ImageTakes, prices: Prices, images: int, *, apart: bool = False) -> Costs:
    """Reckon what images cost that land at once, or each `apart`, so that it wakes an instance."""
    busy = instance_seconds(image, prices)
    seconds = max(busy, prices.functions.least_seconds) if apart else busy
    gb_seconds = images * seconds * prices.functions.memory_gb
    operations = images * prices.event_grid.operations_an_image
    requests, storage = image.requests, prices.storage
    queue = requests.queue + prices.platform.queue_requests
    of_storage = (
        requests.reads * storage.ten_thousand_reads
        # The image itself is written too.
        + (requests.writes + 1) * storage.ten_thousand_writes
        + queue * storage.ten_thousand_queue_requests
    )
    below = min(images, MILLION) * prices.vision.thousand_below_a_million
    above = max(images - MILLION, 0) * prices.vision.thousand_above
    logged_gb = images * prices.logs.kb_an_image / 1e6
    return Costs(
        images=images,
        functions=_beyond(gb_seconds, prices.functions.free_gb_seconds) * prices.functions.gb_second
        + _beyond(images, prices.functions.free_executions)
        * (prices.functions.million_executions / MILLION),
        storage=images * of_storage / 10_000,
        event_grid=_beyond(operations, prices.event_grid.free_operations)
        * (prices.event_grid.million_operations / MILLION),
        logs=_beyond(logged_gb, prices.logs.free_gb) * prices.logs.gb,
        kept=images * image.bytes / 1e9 * storage.gb_month,
        vision=(below + above) / 1000,
    )


def _beyond(amount: float, free: float) -> float:
    return max(amount - free, 0.0)


def instances(image: ImageTakes, prices: Prices, images_a_second: float) -> int:
    """Give how many instances keep up with so many images a second."""
    return math.ceil(images_a_second * instance_seconds(image, prices))


def fleet(image: ImageTakes, prices: Prices) -> Fleet:
    """Give the fleet that captions such images."""
    return Fleet(
        images_a_second=1 / instance_seconds(image, prices), at_once=AT_ONCE, most=MOST_INSTANCES
    )


def a_day(second: int, *, images: int = MILLION) -> float:
    """Spread images over a day as people work: a wave, at its height three times the mean."""
    return images * _wave(second) / _WAVE_SUM


def _wave(second: int) -> float:
    return float(((1 - math.cos(2 * math.pi * second / DAY_S)) / 2) ** _PEAKEDNESS)


# The integral of that over a day.
_WAVE_SUM = (
    DAY_S * math.gamma(_PEAKEDNESS + 0.5) / (math.sqrt(math.pi) * math.gamma(_PEAKEDNESS + 1))
)


def burst(second: int, *, images: int = BURST) -> float:
    """Land all images within the first minute."""
    return images / 60 if second < 60 else 0.0


def courses(image: ImageTakes, prices: Prices) -> dict[str, Course]:
    """Simulate a day of a million images, and a drop of a hundred thousand."""
    made = fleet(image, prices)
    return {
        f"{MILLION:,} images over a day": simulate(partial(a_day), DAY_S, made),
        f"{BURST:,} images within a minute": simulate(partial(burst), 60, made),
    }


def plot(image: ImageTakes, prices: Prices, path: Path) -> None:
    """Draw how many images wait and how many instances there are."""
    import matplotlib as mpl  # noqa: PLC0415 - for this alone

    mpl.use("agg")
    mpl.rcParams.update({"svg.hashsalt": "captioner", "font.size": 9})
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(2, 2, figsize=(9, 5), layout="constrained", sharex="col")
    for column, (title, course) in enumerate(courses(image, prices).items()):
        is_long = len(course.waiting) > 2 * 3600
        unit, label, every = (3600, "hours", 300) if is_long else (60, "minutes", 1)
        seconds = range(0, len(course.waiting), every)
        time = [second / unit for second in seconds]
        upper, lower = axes[0][column], axes[1][column]
        upper.set_title(title)
        upper.plot(time, [course.waiting[second] for second in seconds], color="#1f5fa8")
        running = [course.instances[second] for second in seconds]
        lower.step(time, running, color="#a8461f", where="post")
        lower.set_xlabel(label)
        for each in (upper, lower):
            each.set_ylim(bottom=0)
            each.grid(alpha=0.3)
    axes[0][0].set_ylabel("images waiting")
    axes[1][0].set_ylabel("instances")
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def main(
    *,
    drawing: Annotated[
        Path | None, typer.Option("--plot", help="Draw the simulation into this file.")
    ] = None,
) -> None:
    """Print what images cost, and how the platform would follow them."""
    measured, prices = load(MEASURED, PerImage), load_prices()
    for image in (measured.photograph, measured.large):
        typer.echo(f"images of {image.bytes / 1e6:.1f} MB:")
        for count in (1_000, MILLION, 30 * MILLION):
            reckoned = costs(image, prices, count)
            typer.echo(
                f"  {count:>11,}: ${reckoned.without_vision:,.2f}, "
                f"with Vision ${reckoned.without_vision + reckoned.vision:,.2f}"
            )
        for what, course in courses(image, prices).items():
            typer.echo(
                f"  {what}: up to {course.most_instances} instances, the longest wait "
                f"{course.longest_wait_s:,.0f} s, {course.instance_seconds:,} instance seconds"
            )
    if drawing is not None:
        plot(measured.large, prices, drawing)


if __name__ == "__main__":
    typer.run(main)
