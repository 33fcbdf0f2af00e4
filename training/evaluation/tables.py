"""Evaluations on the terminal."""

import math
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Group
from rich.table import Table

from training.evaluation.confidence import Confidence
from training.evaluation.diversity import Diversity
from training.evaluation.evaluation import Evaluation, Part
from training.evaluation.objects import Objects
from training.metrics import Difference, Estimate

LABELS: Mapping[str, str] = {
    "bleu_1": "BLEU-1",
    "bleu_2": "BLEU-2",
    "bleu_3": "BLEU-3",
    "bleu_4": "BLEU-4",
    "meteor": "METEOR",
    "rouge_l": "ROUGE-L",
    "cider": "CIDEr-D",
}
UNTOLD = "-"
PART_HEAD = ("images", "CIDEr-D", "named rightly", "found", "made up")

type Rows = Iterator[tuple[str, str]]


def summary(title: str, evaluations: Sequence[Evaluation]) -> Table:
    """Set the scores, diversity and object words of several captioners side by side."""
    table = Table("percent, with 95 % intervals", title=title, title_justify="left")
    for each in evaluations:
        table.add_column(each.captioned.name, justify="right")
    for row in side_by_side(evaluations):
        table.add_row(*row)
    return table


def side_by_side(evaluations: Sequence[Evaluation]) -> list[tuple[str, ...]]:
    """Give a label and a cell for each captioner, of all that is told of any."""
    told = [dict(_rows(each)) for each in evaluations]
    labels = dict.fromkeys(label for rows in told for label in rows)
    return [(label, *(rows.get(label, UNTOLD) for rows in told)) for label in labels]


def _rows(evaluation: Evaluation) -> Rows:
    yield from score_rows(evaluation)
    yield from diversity_rows(evaluation.diversity)
    yield from object_rows(evaluation.objects)
    if evaluation.confidence:
        yield from confidence_rows(evaluation.confidence)


def breakdown(evaluation: Evaluation) -> Group:
    """Tell where one captioner does well and badly."""
    tables = []
    for title, parts in (
        ("Kind of picture", evaluation.kinds),
        ("Length of caption", evaluation.lengths),
    ):
        table = Table(title)
        for column in PART_HEAD:
            table.add_column(column, justify="right")
        for part in parts:
            table.add_row(part.name, *part_cells(part))
        tables.append(table)
    return Group(*tables)


def comparison(
    title: str, first: Evaluation, second: Evaluation, differences: Mapping[str, Difference]
) -> Table:
    """Tell what the second captioner has more than the first, metric by metric."""
    table = Table("percent", title=title, title_justify="left")
    for column in (first.captioned.name, second.captioned.name, "difference", "doubt"):
        table.add_column(column, justify="right")
    for row in comparison_rows(first, second, differences):
        table.add_row(*row)
    return table


def comparison_rows(
    first: Evaluation, second: Evaluation, differences: Mapping[str, Difference]
) -> Iterator[tuple[str, str, str, str, str]]:
    for metric, label in LABELS.items():
        found = differences[metric]
        yield (
            label,
            f"{getattr(first.scores, metric):.1f}",
            f"{getattr(second.scores, metric):.1f}",
            f"{found.value:+.1f} ({found.low:+.1f} to {found.high:+.1f})",
            f"{found.doubt:.3f}",
        )


def score_rows(evaluation: Evaluation) -> Rows:
    for metric, label in LABELS.items():
        value, ends = getattr(evaluation.scores, metric), evaluation.scores.intervals[metric]
        yield label, in_percent(Estimate(value / 100, *(end / 100 for end in ends)))


def diversity_rows(varied: Diversity) -> Rows:
    yield "words a caption", f"{varied.average_words:.1f}"
    yield "distinct captions", f"{varied.distinct_captions:,} of {varied.captions:,}"
    yield "words used", f"{varied.vocabulary:,}"
    if varied.copied is not None:
        yield "copied from training", f"{100 * varied.copied:.1f}"
    if varied.new_phrases is not None:
        yield "runs of four words new", f"{100 * varied.new_phrases:.1f}"


def object_rows(objects: Objects) -> Rows:
    yield "things named rightly", in_percent(objects.precision)
    yield "things found", in_percent(objects.recall)
    yield "captions with a thing made up", in_percent(objects.made_up)


def confidence_rows(confidence: Confidence) -> Rows:
    yield "the same, surer half only", in_percent(confidence.made_up_surest)
    yield "surer half against all", with_interval(confidence.ratio, 2)
    if confidence.acceptable is not None and confidence.roc_auc is not None:
        yield "acceptable captions", f"{100 * confidence.acceptable:.1f}"
        yield "area under the ROC curve", with_interval(confidence.roc_auc, 3)


def part_cells(part: Part) -> tuple[str, ...]:
    """Give a part's cells, in the order of `PART_HEAD`."""
    shares = (part.precision, part.recall, part.made_up)
    return (f"{part.images:,}", with_interval(part.cider, 1), *map(in_percent, shares))


def in_percent(share: Estimate) -> str:
    return with_interval(Estimate(100 * share.value, 100 * share.low, 100 * share.high), 1)


def with_interval(estimate: Estimate, digits: int) -> str:
    """Write a figure and the ends of its interval."""
    if math.isnan(estimate.value):
        return UNTOLD
    low, high = (f"{end:.{digits}f}" for end in (estimate.low, estimate.high))
    return f"{estimate.value:.{digits}f} ({low} to {high})"
