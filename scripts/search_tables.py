"""Tables of README.md about search, in Markdown, from what was measured."""

from benchmarks.results import SEARCH_ROWS, SearchQuality, SearchSpeed
from scripts.tables import markdown_table


def quality_table(results: SearchQuality) -> str:
    """How often the right image is found, beside plain BM25."""
    depths = list(results.recalls[0].at)
    table = markdown_table(
        ("Percent of the queries, right image", *(f"in the first {depth}" for depth in depths)),
        (
            (each.ranker, *(f"{share:.1f}" for share in each.at.values()))
            for each in results.recalls
        ),
        right=True,
    )
    return (
        f"{table}\n\n{results.records:,} records, {results.queries:,} queries of the "
        f"{results.split} split. Measured by `{results.command}`."
    )


def speed_table(results: SearchSpeed) -> str:
    """What an index takes, by its size."""
    table = markdown_table(
        (
            "Processor time, disk and memory",
            *(f"{each.records:,} records" for each in results.timings),
        ),
        ((label, *map(told, results.timings)) for label, told in SEARCH_ROWS),
        right=True,
    )
    machine = results.machine
    changes = " or ".join(dict.fromkeys(str(each.changes) for each in results.timings))
    return (
        f"{table}\n\nBrought up to date after {changes} changes. {machine.processor}, "
        f"{machine.cores} cores, {machine.system}, Python {machine.python}. Measured by "
        f"`{results.command}`."
    )
