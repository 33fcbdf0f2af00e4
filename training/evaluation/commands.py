"""The commands `evaluate`, `compare`, `tune` and `check-metrics`."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from captioner.model.bundle import MANIFEST, Bundle, open_bundle
from captioner.model.manifest import graph_bytes
from captioner.model.repetition import Repetition
from training.calibration.acceptable import acceptable
from training.config import load_config
from training.console import console, tell_fault
from training.data.datasets import CaptionDataset, CaptionedImage, load_dataset
from training.data.splits import Split
from training.evaluation.captioned import (
    Captioned,
    one_of_the_people,
    read_captions,
    write_captions,
)
from training.evaluation.captioning import BundleModel, KerasModel, Model, caption_all, looker_of
from training.evaluation.evaluation import evaluate as evaluate_captions
from training.evaluation.folders import caption_images, images_in
from training.evaluation.known import deviations
from training.evaluation.record import record
from training.evaluation.tables import breakdown, comparison, summary
from training.evaluation.tuning import best_of, gain, searches, searches_table, try_searches
from training.options import BUNDLE, RUNS, BundleOption, DataOption, RunsOption
from training.workspace import open_workspace, pictures_of

_RESULTS = Path(__file__).parent.parent / "results"

# Settings of the search that `tune` tries.
_SIZES = [1, 2, 3, 4, 5]
_PENALTIES = [0, 0.5, 0.8, 1, 1.2, 1.5]
_LONGER = (0, 2, 4)  # than the bundle's own shortest

SplitOption = Annotated[str, typer.Option("--split", help="dev or test")]
LearntOption = Annotated[
    Path | None,
    typer.Option(help="Data whose train captions the captioner learnt, if it is not --data."),
]
OutOption = Annotated[Path | None, typer.Option("--report", help="Write this HTML page.")]


def evaluate(
    *,
    data: DataOption,
    bundle: BundleOption = BUNDLE,
    config: Annotated[
        Path | None,
        typer.Option(help="Measure the Keras model of this configuration's run, not the bundle."),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(help="The stage whose weights are measured; else the last, with --config."),
    ] = None,
    captions: Annotated[
        Path | None,
        typer.Option(help="Measure the captions in this JSON Lines file, not the bundle's."),
    ] = None,
    people: Annotated[
        bool,
        typer.Option("--people", help="Measure each image's first caption against its others."),
    ] = False,
    split: SplitOption = "test",
    runs: RunsOption = RUNS,
    learnt_from: LearntOption = None,
    note: Annotated[
        bool, typer.Option("--record", help="Write the scores into the bundle's model.json.")
    ] = False,
    save_captions: Annotated[
        Path | None, typer.Option(help="Write the captions to this JSON Lines file.")
    ] = None,
    figures: Annotated[
        Path | None, typer.Option("--json", help="Write all figures to this file.")
    ] = None,
    report: OutOption = None,
) -> None:
    """Measure captions: BLEU, METEOR, ROUGE-L and CIDEr-D, how varied and how right they are."""
    others = sum((captions is not None, config is not None, people))
    if note and others:
        raise typer.BadParameter("--record is for the scores of a bundle.")
    if others > 1:
        raise typer.BadParameter("--captions, --config and --people: choose one.")
    dataset, part = load_dataset(data), chosen_split(split)
    learnt = load_dataset(learnt_from) if learnt_from else dataset
    looker, histories = None, {}
    if people or captions is not None:
        images, given = _given(captions, dataset.split(part))
        captioned = [given]
    else:
        models = (
            _keras(config, stage, learnt, runs)
            if config
            else _beams(open_bundle(bundle, threads=2))
        )
        pictures = pictures_of(dataset, part, models[-1].resize, runs)
        images, captioned = pictures.images, [caption_all(model, pictures) for model in models]
        looker, histories = looker_of(models[-1], pictures), _histories(models[-1], runs)
    known = [caption for image in learnt.train for caption in image.captions]
    evaluations = [
        evaluate_captions(images, each, learnt_from=known, acceptable=acceptable)
        for each in captioned
    ]
    console.print(summary(f"{dataset.name}, {part} split", evaluations))
    best = evaluations[-1]
    console.print(breakdown(best))
    if note:
        command = f"python -m training evaluate --bundle {bundle} --split {split} --data …"
        for each in evaluations:
            record(bundle, dataset.name, part, each, command)
    if save_captions is not None:
        write_captions(best.captioned, save_captions)
    if report is not None:
        title = f"Captions of {dataset.name}, {part} split"
        from training.evaluation.pages import report_page

        page = report_page(evaluations, title, looker=looker, histories=histories)
        report.write_text(page, encoding="utf-8")
    if figures is not None:
        told = best.to_dict()
        if not others:
            told["bytes"] = graph_bytes(bundle)
        figures.write_bytes(msgspec.json.format(msgspec.json.encode(told), indent=1))


def compare(
    first: Annotated[Path, typer.Argument(help="A bundle's folder or a file of captions.")],
    second: Annotated[Path, typer.Argument(help="What is compared with it.")],
    *,
    data: Annotated[
        Path | None, typer.Option(help="Images with captions of people, to measure both by.")
    ] = None,
    pictures: Annotated[
        Path | None,
        typer.Option("--images", help="A folder of images instead, that nobody has captioned."),
    ] = None,
    most: Annotated[
        int, typer.Option("--most", min=1, help="Of --images, the pictures in the report at most.")
    ] = 100,
    split: SplitOption = "test",
    runs: RunsOption = RUNS,
    report: OutOption = None,
) -> None:
    """Set two captioners side by side on the same images: scores, and a report of pictures.

    Where nobody has captioned the images, the report is all: both captions under each picture, with
    the words marked that differ, and the most different first.
    """
    if (data is None) == (pictures is None):
        raise typer.BadParameter("name images to compare on: --data or --images.")
    if pictures is not None:
        _compare_without_references(first, second, pictures, most, report)
    elif data is not None:
        _compare_by_references(first, second, data, split=split, runs=runs, report=report)


def _compare_without_references(
    first: Path, second: Path, folder: Path, most: int, report: Path | None
) -> None:
    images = images_in(folder)
    names = [image.name for image in images]
    one, other = (
        (
            caption_images(open_bundle(source, threads=2), images)
            if (source / MANIFEST).is_file()
            else read_captions(source)
        ).of(names)
        for source in (first, second)
    )
    same = sum(one.captions[name] == other.captions[name] for name in names)
    console.print(f"{same:,} of {len(names):,} captions are the same")
    if report is not None:
        from training.evaluation.pages import pictures_page

        page = pictures_page(images, one, other, f"Two captioners on {folder.name}", most=most)
        report.write_text(page, encoding="utf-8")


def _compare_by_references(
    first: Path, second: Path, data: Path, *, split: str, runs: Path, report: Path | None
) -> None:
    dataset, part = load_dataset(data), chosen_split(split)
    both = [_captioned(source, dataset, part, runs) for source in (first, second)]
    images = dataset.split(part)
    one, other = (evaluate_captions(images, each, acceptable=acceptable) for each in both)
    differences = other.measurement.against(one.measurement)
    title = f"{dataset.name}, {part} split"
    console.print(comparison(title, one, other, differences))
    if report is not None:
        from training.evaluation.pages import comparison_page

        page = comparison_page(one, other, differences, f"Two captioners on {title}")
        report.write_text(page, encoding="utf-8")


def tune(
    *,
    data: DataOption,
    bundle: BundleOption = BUNDLE,
    runs: RunsOption = RUNS,
    beam_size: Annotated[
        list[int], typer.Option(min=1, help="Beams to try; may be given several times.")
    ] = _SIZES,
    length_penalty: Annotated[
        list[float], typer.Option(min=0, help="Length penalties to try, likewise.")
    ] = _PENALTIES,
    min_words: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Shortest lengths to try; else the bundle's, and 2 and 4 more."),
    ] = None,
) -> None:
    """Try settings of a bundle's search on the dev split; the bundle stays as it is."""
    dataset, opened = load_dataset(data), open_bundle(bundle, threads=2)
    pictures = pictures_of(dataset, "dev", opened.manifest.resize, runs)
    own = opened.beam_settings
    shortest = min_words or [own.min_words + more for more in _LONGER]
    other = replace(own, repetition=None if own.repetition else Repetition.of(opened.vocabulary))
    settings = [*searches(own, beam_size, length_penalty, shortest), other]
    tried = try_searches(opened, pictures, settings)
    console.print(searches_table(f"{dataset.name}, dev split", tried, own))
    best = best_of(tried)
    found = best.settings
    console.print(
        f"Best: beam_size = {found.beam_size}, length_penalty = {found.length_penalty:g}, "
        f"min_words = {found.min_words}, "
        f"bars_repetition = {'true' if found.repetition else 'false'}.",
        soft_wrap=True,
    )
    if found == own:
        console.print("They are the bundle's own.")
        return
    more = gain(pictures, tried[0], best)
    console.print(
        f"Its CIDEr-D is {more.value:.1f} ({more.low:.1f} to {more.high:.1f}) above that of the "
        "bundle's own; the best of many looks better than it is. Settings stand under [beam] of "
        "the run's configuration.",
        soft_wrap=True,
    )


def check_metrics(data: DataOption) -> None:
    """Measure two rows whose scores are known, on Flickr8k's test split; fail if they differ."""
    off = deviations(load_dataset(data).test)
    if off:
        for line in off:
            tell_fault(line)
        raise typer.Exit(1)
    console.print("Both known rows are measured as they should be.")


def chosen_split(name: str) -> Split:
    if name == "dev":
        return "dev"
    if name == "test":
        return "test"
    raise typer.BadParameter("the split is dev or test: nothing is measured on train")


def _given(
    captions: Path | None, images: Sequence[CaptionedImage]
) -> tuple[Sequence[CaptionedImage], Captioned]:
    """Read captions from a file, or take those of people where there is none."""
    return (images, read_captions(captions)) if captions else one_of_the_people(images)


def _captioned(source: Path, dataset: CaptionDataset, split: Split, runs: Path) -> Captioned:
    if (source / MANIFEST).is_file():
        bundle = open_bundle(source, threads=2)
        model = BundleModel(bundle, bundle.manifest.beam.beam_size)
        return caption_all(model, pictures_of(dataset, split, model.resize, runs))
    return read_captions(source)


def _beams(bundle: Bundle) -> list[Model]:
    """Give the bundle with greedy search, and with its own."""
    return [BundleModel(bundle, size) for size in sorted({1, bundle.manifest.beam.beam_size})]


def _keras(config: Path, stage: str | None, dataset: CaptionDataset, runs: Path) -> list[Model]:
    """Give the model of a run on `dataset` after a stage, with greedy search and with its own."""
    workspace = open_workspace(load_config(config), dataset, runs)
    from training.decode import KerasCaptioner
    from training.train import trained_model

    captioner = KerasCaptioner(trained_model(workspace, stage))
    settings = workspace.beam_settings
    return [
        KerasModel(
            workspace.config, captioner, workspace.vocabulary, replace(settings, beam_size=size)
        )
        for size in sorted({1, settings.beam_size})
    ]


def _histories(model: Model, runs: Path) -> dict[str, Path]:
    """Find the histories of the run that made a model, by stage: its own, or those kept of it."""
    files = [
        (stage, path)
        for run, stage in model.stages
        for path in (_RESULTS / run / f"{stage}.csv", runs / run / stage / "history.csv")
    ]
    return {stage: path for stage, path in files if path.is_file()}
