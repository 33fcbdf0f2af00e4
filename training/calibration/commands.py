"""The commands `calibrate`, `calibration-report` and `agreement`."""

from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import typer
from msgspec import UNSET
from rich.table import Table

from captioner.lexicon.relatedness import VECTORS
from captioner.model.bundle import open_bundle, read_manifest
from captioner.model.confidence import Calibration
from captioner.model.manifest import write_manifest
from training.calibration.agreement import MEASURES, acceptances, closeness_of, correlation
from training.calibration.calibrating import calibrate as calibrate_bundle
from training.calibration.calibrating import confidences, judge
from training.calibration.judgements import Half, load_judgements
from training.calibration.reliability import draw, reliability
from training.calibration.word_vectors import write_vectors
from training.console import console
from training.data.datasets import load_dataset
from training.data.texts import load_texts
from training.evaluation.commands import SplitOption, chosen_split
from training.evaluation.confidence import roc_auc
from training.metrics import Estimate
from training.options import BUNDLE, RUNS, BundleOption, DataOption, RunsOption
from training.workspace import pictures_of


def calibrate(data: DataOption, bundle: BundleOption = BUNDLE, runs: RunsOption = RUNS) -> None:
    """Fit a bundle's confidence on the dev split, and write it into its model.json."""
    opened = open_bundle(bundle, threads=2)
    dev = judge(opened, pictures_of(load_dataset(data), "dev", opened.manifest.resize, runs))
    manifest, fitted = calibrate_bundle(bundle, opened, dev)
    console.print(_weights(fitted.calibration))
    unread = fitted.held_out >= fitted.calibration.review_threshold
    area = _with_interval(roc_auc(fitted.held_out, dev.acceptable))
    error = _percent(reliability(fitted.held_out, dev.acceptable).ece)
    console.print(
        f"Of {len(unread)} dev captions, {_percent(dev.acceptable.mean())} are acceptable. Held "
        f"out, the area under the ROC curve is {area}, the calibration error {error}.\n"
        f"Below a confidence of {fitted.calibration.review_threshold:g} they are for review: "
        f"{_percent(1 - unread.mean())}.\n"
        f"{bundle}: {manifest.name} {manifest.version}"
    )


def calibration_report(
    *,
    data: DataOption,
    bundle: BundleOption = BUNDLE,
    split: SplitOption = "test",
    runs: RunsOption = RUNS,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the reliability diagram into this file, .png or .svg.")
    ] = None,
    note: Annotated[
        bool, typer.Option("--record", help="Write the figures into the bundle's model.json.")
    ] = False,
) -> None:
    """Tell whether a bundle's confidence can be believed, on a split of any data."""
    opened = open_bundle(bundle, threads=2)
    part = chosen_split(split)
    dataset = load_dataset(data)
    judged = judge(opened, pictures_of(dataset, part, opened.manifest.resize, runs))
    sureness = confidences(opened, judged.found)
    found = reliability(sureness, judged.acceptable)
    area = roc_auc(sureness, judged.acceptable)
    table = Table(
        "confidence", "acceptable", "captions", title=f"{dataset.name}, {part} split, percent"
    )
    for confidence, share, count in zip(found.confidences, found.shares, found.counts, strict=True):
        table.add_row(f"{100 * confidence:.1f}", f"{100 * share:.1f}", f"{count}")
    console.print(table)
    console.print(
        f"acceptable: {_percent(judged.acceptable.mean())} of {len(sureness)} captions\n"
        f"area under the ROC curve: {_with_interval(area)}\n"
        f"expected calibration error, {len(found.counts)} bins of equal number: "
        f"{_percent(found.ece)}"
    )
    calibration = opened.manifest.confidence
    figures: dict[str, object] = {
        "command": f"python -m training calibration-report --bundle {bundle} --split {split} "
        "--data …",
        "images": len(sureness),
        "acceptable": round(100 * float(judged.acceptable.mean()), 2),
        "roc_auc": [round(each, 4) for each in (area.value, area.low, area.high)],
        "ece": round(100 * found.ece, 2),
    }
    if calibration is not UNSET:
        unread = sureness >= calibration.review_threshold
        share = float(judged.acceptable[unread].mean()) if unread.any() else 0.0
        console.print(
            f"for review: {_percent(1 - unread.mean())}; of the others {_percent(share)} are "
            "acceptable"
        )
        figures["for_review"] = round(100 * float(1 - unread.mean()), 2)
        figures["acceptable_unread"] = round(100 * share, 2)
    if plot is not None:
        draw(found, f"{dataset.name}, {part}", plot)
    if note:
        _record(bundle, f"confidence_{dataset.name}_{part}", figures)


def agreement(
    data: DataOption,
    half: Annotated[
        str, typer.Option(help="Half of the judged images: choosing or reporting.")
    ] = "reporting",
    vectors: Annotated[
        bool,
        typer.Option(
            "--write-vectors", help="First make the table of words anew, from train and --text."
        ),
    ] = False,
    text: Annotated[
        list[Path] | None, typer.Option(help="Further captions for it, image<TAB>caption.")
    ] = None,
) -> None:
    """Measure agreement of captions, and what counts as acceptable, on experts' judgements."""
    dataset = load_dataset(data)
    if vectors:
        pictures = [image.captions for image in dataset.train]
        pictures += [each for path in text or () for each in load_texts(path).captions]
        console.print(f"{VECTORS}: {write_vectors(VECTORS, pictures)} words")
    judgements = load_judgements(data, dataset.test, _half(half))
    table = Table("compared by", "Spearman", "Kendall's tau-c", title="captions in pairs")
    for name, compare in MEASURES.items():
        found = correlation(judgements, compare)
        table.add_row(name, f"{found.spearman:.3f}", f"{found.kendall:.3f}")
    console.print(table)
    close = closeness_of(judgements)
    table = Table("cut", "acceptable, percent", "Cohen's kappa", title="captions by references")
    for each in acceptances(close, judgements.accepted):
        table.add_row(f"{each.cut:.2f}", f"{100 * each.share:.1f}", f"{each.kappa:.3f}")
    console.print(table)
    area = _with_interval(roc_auc(close, judgements.accepted))
    console.print(
        f"Of {len(close)} captions, experts accept {_percent(judgements.accepted.mean())}. "
        f"Closeness tells them with an area under the ROC curve of {area}."
    )


def _half(name: str) -> Half:
    if name == "choosing":
        return "choosing"
    if name == "reporting":
        return "reporting"
    raise typer.BadParameter("the half is choosing or reporting")


def _weights(calibration: Calibration) -> Table:
    table = Table("feature", "mean", "spread", "weight", title="confidence")
    columns = (calibration.features, calibration.means, calibration.scales, calibration.weights)
    for name, *numbers in zip(*columns, strict=True):
        table.add_row(name, *(f"{number:.3f}" for number in numbers))
    return table


def _record(bundle: Path, key: str, figures: dict[str, object]) -> None:
    manifest = read_manifest(bundle)
    known = {} if manifest.metrics is UNSET else manifest.metrics
    changed = msgspec.structs.replace(manifest, metrics={**known, key: figures})
    write_manifest(bundle, changed)


def _percent(share: float | np.floating) -> str:
    return f"{100 * share:.1f} %"


def _with_interval(area: Estimate) -> str:
    return f"{area.value:.3f} ({area.low:.3f} to {area.high:.3f})"
