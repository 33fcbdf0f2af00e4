"""The tables of docs/observability.md: every name that telemetry uses, from the code."""

from benchmarks.results import TelemetryRun
from captioner.telemetry.names import METRICS, SPANS, Attribute
from scripts.tables import markdown_table


def spans_table() -> str:
    return markdown_table(
        ("Span", "What it spans"), ((f"`{name}`", meaning) for name, meaning in SPANS.items())
    )


def metrics_table() -> str:
    """Every metric; that all carry the model's name and version is said beside the table."""
    return markdown_table(
        ("Metric", "Kind, unit", "Meaning", "Dimensions"),
        (
            (
                f"`{each.name}`",
                f"{'histogram' if each.buckets else 'counter'}, {each.unit}",
                each.meaning,
                ", ".join(f"`{name}`" for name in each.dimensions),
            )
            for each in METRICS
        ),
    )


def attributes_table() -> str:
    return markdown_table(
        ("Attribute", "Value"), ((f"`{each}`", each.meaning) for each in Attribute)
    )


def cost_table(run: TelemetryRun) -> str:
    """What telemetry costs each image, and each start."""
    both = run.off, run.on
    table = markdown_table(
        ("Processor time", "nobody listens", "the SDK listens"),
        (
            ("telemetry's own calls, one image", *(f"{each.calls_us:.0f} µs" for each in both)),
            ("a photograph captioned", *(f"{each.caption.p50:.1f} ms" for each in both)),
        ),
        right=True,
    )
    machine = run.machine
    return (
        f"{table}\n\nMedians of {run.captions} captions each, taking turns in one run; with the "
        f"SDK a caption takes {run.ratio:.3f} times as long. The app's imports take "
        f"{run.app_imports_ms:.0f} ms, of which OpenTelemetry's API {run.api_imports_ms:.0f} ms; "
        f"where telemetry is on, the worker imports Microsoft's exporter in "
        f"{run.exporter_imports_ms:.0f} ms before. {machine.processor}, {machine.cores} cores, "
        f"Python {machine.python}. Measured by `{run.command}`."
    )
