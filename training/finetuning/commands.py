"""The command `finetune`."""

from pathlib import Path
from typing import Annotated

import typer

from training.console import console
from training.data.datasets import load_dataset, load_pairs
from training.evaluation.tables import comparison
from training.finetuning.settings import load_finetune_config
from training.options import BUNDLE, RUNS, RunsOption

_CONFIG = Path(__file__).parent / "settings.toml"
_OUT = Path("finetuned")


def finetune(
    *,
    source: Annotated[Path, typer.Option("--from", help="The bundle's folder.")] = BUNDLE,
    captions: Annotated[
        Path, typer.Option(help="The captions: .csv, .jsonl or a folder of sidecars.")
    ],
    images: Annotated[Path, typer.Option(help="The folder of their images.")],
    replay: Annotated[
        Path | None, typer.Option(help="A data set, as Flickr8k, that is not to be forgotten.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the new bundle.")] = _OUT,
    config: Annotated[Path, typer.Option(help="How it is taught.")] = _CONFIG,
    runs: RunsOption = RUNS,
) -> None:
    """Teach a bundle captions of one's own; called again after a stop, go on from there."""
    path = captions.resolve()
    name = path.parent.name if path.stem == "captions" else path.stem
    dataset = load_pairs(captions, images, name=name)
    kept = load_dataset(replay) if replay else None
    settings = load_finetune_config(config)
    from training.finetuning.teaching import teach

    taught = teach(source, dataset, kept, settings, runs=runs, out=out)
    console.print(f"{len(taught.words)} new words: {', '.join(taught.words) or 'none'}")
    for each in taught.comparisons:
        differences = each.after.measurement.against(each.before.measurement)
        console.print(comparison(each.pictures, each.before, each.after, differences))
    console.print(f"{out}: {taught.manifest.name} {taught.manifest.version}")
