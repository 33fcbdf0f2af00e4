"""Tables of docs/operate.md, in Markdown, from what was measured and what is assumed."""

from benchmarks.results import ImageTakes, PerImage
from benchmarks.sizing import (
    DAY_S,
    MILLION,
    Prices,
    costs,
    courses,
    instance_seconds,
    instances,
)
from scripts.tables import markdown_table

_SMALL, _MONTH = 1_000, 30 * MILLION
_PEAK = 3


def takes_table(measured: PerImage) -> str:
    """What one image takes."""
    kinds = (measured.photograph, measured.large)
    rows = (
        ("processor time", *(f"{each.cpu_ms:.0f} ms" for each in kinds)),
        ("from event to sidecar", *(f"{each.elapsed_ms:.0f} ms" for each in kinds)),
        ("reads of blobs", *(f"{each.requests.reads:g}" for each in kinds)),
        ("writes of blobs", *(f"{each.requests.writes:g}" for each in kinds)),
        (
            "the same event again: reads, writes",
            *(f"{each.requests_again.reads:g}, {each.requests_again.writes:g}" for each in kinds),
        ),
    )
    table = markdown_table(("An image, median", *map(_size, kinds)), rows, right=True)
    machine = measured.machine
    return (
        f"{table}\n\nOne at a time, thumbnails, record and change log included, with a storage "
        f"emulator on the same machine. Bundle {measured.bundle.version}; {machine.processor}, "
        f"{machine.cores} cores, {machine.system}, Python {machine.python}. Measured by "
        f"`{measured.command}`."
    )


def costs_table(measured: PerImage, prices: Prices) -> str:
    """What images cost that land within a month."""
    columns = [
        (f"{_count(count)}, {_size(image)}", costs(image, prices, count))
        for count in (_SMALL, MILLION, _MONTH)
        for image in (measured.photograph, measured.large)
    ]
    rows = [
        (label, *(_dollars(getattr(each, part)) for _, each in columns))
        for label, part in (
            ("Functions", "functions"),
            ("requests of storage", "storage"),
            ("Event Grid", "event_grid"),
            ("logs and telemetry", "logs"),
            ("a month of the images' storage", "kept"),
            ("**without Vision**", "without_vision"),
            ("Azure AI Vision", "vision"),
        )
    ]
    header = ("US dollars", *(label for label, _ in columns))
    return markdown_table(header, rows, right=True)


def sizing_table(measured: PerImage, prices: Prices) -> str:
    """How many instances keep up with how many images."""
    kinds = (measured.photograph, measured.large)
    rows = [
        (
            "images a second, one instance",
            *(f"{1 / instance_seconds(each, prices):.1f}" for each in kinds),
        ),
        *(
            (
                f"instances for {day:,} images a day, evenly; {_PEAK} times as many at the peak",
                *(_needed(each, prices, day) for each in kinds),
            )
            for day in (10_000, 100_000, MILLION)
        ),
    ]
    vision = prices.vision.requests_a_second
    table = markdown_table(("Instances", *map(_size, kinds)), rows, right=True)
    return (
        f"{table}\n\nAzure AI Vision at {vision:g} requests a second takes "
        f"{vision * DAY_S:,.0f} images a day at the most, however many instances there are."
    )


def scale_out_table(measured: PerImage, prices: Prices) -> str:
    """What the simulation comes to."""
    rows = [
        (
            f"{what}, {_size(image)}",
            f"{course.most_instances}",
            _time(course.longest_wait_s),
            f"{course.instance_seconds / 3600:,.1f} h",
        )
        for image in (measured.photograph, measured.large)
        for what, course in courses(image, prices).items()
    ]
    return markdown_table(
        ("Simulated", "instances at most", "longest wait", "instance time"), rows, right=True
    )


def _needed(image: ImageTakes, prices: Prices, day: int) -> str:
    even, peak = (instances(image, prices, day * times / DAY_S) for times in (1, _PEAK))
    return f"{even}; {peak}"


def _size(image: ImageTakes) -> str:
    return f"{image.bytes / 1e6:.1f} MB"


def _count(images: int) -> str:
    return f"{images // MILLION} million" if images >= MILLION else f"{images:,}"


def _dollars(amount: float) -> str:
    return f"{amount:,.2f}" if amount < 100 else f"{amount:,.0f}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
