"""`python -m training`: data to bundle, measured and calibrated; `--help` tells the commands."""

import logging
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.logging import RichHandler

from captioner.model.bundle import open_bundle
from captioner.model.manifest import graph_bytes
from training.calibration.commands import agreement, calibrate, calibration_report
from training.config import ConfigError, load_config
from training.console import console, run
from training.data.datasets import load_dataset
from training.data.texts import load_texts
from training.evaluation.commands import check_metrics, chosen_split, compare, evaluate, tune
from training.finetuning.commands import finetune
from training.options import (
    BUNDLE,
    CONFIG,
    RUNS,
    BundleOption,
    ConfigOption,
    RunsOption,
    SourceOption,
)
from training.places import open_place
from training.registry.commands import promote, register, versions
from training.repacking import optimise
from training.sources import open_source
from training.submitting import submit
from training.workspace import Workspace

TextOption = Annotated[
    list[Path] | None,
    typer.Option(help="Captions without pictures, image<TAB>caption; may be given several times."),
]

app = typer.Typer(
    help="Train the caption model: prepare, train, evaluate, export.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.command()
def prepare(
    data: SourceOption,
    config: ConfigOption = CONFIG,
    runs: RunsOption = RUNS,
    text: TextOption = None,
    *,
    shards: Annotated[
        int, typer.Option(min=0, help="Write the data as so many shards, for many machines.")
    ] = 0,
    to: Annotated[
        str | None,
        typer.Option(metavar="PLACE", help="Folder or URL of a container for the shards."),
    ] = None,
) -> None:
    """Decode every picture once, clean the captions and build the vocabulary."""
    if bool(shards) != bool(to):
        raise ConfigError("Shards need a number and a place: give --shards and --to.")
    workspace = open_source(
        load_config(config), data, runs, [load_texts(each) for each in text or []]
    )
    for split, pictures in workspace.pictures.items():
        captions = sum(len(image.captions) for image in pictures.images)
        console.print(f"{split}: {len(pictures.images)} pictures, {captions} captions")
    console.print(f"{len(workspace.vocabulary)} words, in {workspace.folder}/vocabulary.json")
    if to:
        from training.sharding import write_shards

        with open_place(to, make=True) as place:
            written = write_shards(workspace, place, shards)
            size = sum(each.bytes for split in written.splits.values() for each in split.shards)
            console.print(f"{shards} shards of {size / 2**20:.1f} MiB in {place}", soft_wrap=True)


@app.command()
def train(
    data: SourceOption,
    config: ConfigOption = CONFIG,
    runs: RunsOption = RUNS,
    text: TextOption = None,
    *,
    checkpoints: Annotated[
        str | None,
        typer.Option(
            metavar="PLACE",
            help="Folder or URL of a container for checkpoints; by default in the run's folder.",
        ),
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Export into this folder as well, when all is learnt.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads to compute with; 0 is all.")] = 0,
) -> None:
    """Train every stage; called again after a stop, go on from the last whole epoch.

    On all GPUs there are, and together with the processes that TF_CONFIG names.
    """
    texts = [load_texts(each) for each in text or []]
    settings = load_config(config)
    import tensorflow as tf

    from training.cluster import join_cluster
    from training.train import train as train_all

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    cluster = join_cluster()
    if not cluster.is_chief:  # which alone writes what is asked for
        runs = runs / "workers" / str(cluster.worker)
    workspace = open_source(settings, data, runs, texts, cluster.share)
    with ExitStack() as stack:
        place = stack.enter_context(open_place(checkpoints, make=True)) if checkpoints else None
        train_all(workspace, cluster, place)
    console.print(f"Trained: see {workspace.folder} for curves, weights and run.json")
    if bundle:
        cluster.from_chief(lambda: _export(workspace, bundle).encode())  # the others wait for it


@app.command()
def export(
    data: SourceOption,
    config: ConfigOption = CONFIG,
    runs: RunsOption = RUNS,
    bundle: BundleOption = BUNDLE,
) -> None:
    """Write the trained model as a bundle, if it says in onnxruntime what it said in Keras."""
    _export(open_source(load_config(config), data, runs), bundle)


def _export(workspace: Workspace, bundle: Path) -> str:
    """Export a run's model; give its version."""
    from training.export import DevPictures
    from training.export import export as export_model
    from training.train import trained_model

    dev = DevPictures(workspace.pictures["dev"].pixels, workspace.references("dev"))
    manifest = export_model(trained_model(workspace), workspace, dev, bundle)
    size = graph_bytes(bundle) / 2**20
    console.print(f"{bundle}: {manifest.name} {manifest.version}, {size:.1f} MiB")
    return manifest.version


for command in (
    optimise,
    finetune,
    evaluate,
    compare,
    tune,
    check_metrics,
    calibrate,
    calibration_report,
    agreement,
    register,
    promote,
    versions,
    submit,
):
    app.command()(command)


@app.command()
def sheet(
    out: Annotated[Path, typer.Option(help="The picture to write, .jpg or .png.")],
    bundle: BundleOption = BUNDLE,
    data: Annotated[
        Path | None,
        typer.Option(help="A data set; without it, freely licensed photographs are captioned."),
    ] = None,
    split: Annotated[str, typer.Option(help="dev or test")] = "test",
    count: Annotated[int, typer.Option(min=1, help="Pictures of the data set to show.")] = 24,
) -> None:
    """Draw a contact sheet: pictures with the bundle's captions under them."""
    from training.report import contact_sheet
    from training.sheets import dataset_entries, free_entries

    opened = open_bundle(bundle, threads=2)
    if data is None:
        entries = free_entries(opened)
    else:
        entries = dataset_entries(opened, load_dataset(data).split(chosen_split(split)), count)
    contact_sheet(entries, out)
    console.print(f"{out}: {len(entries)} pictures")


def main() -> None:
    """Run the command line; what went wrong is told in a sentence, with exit status 1."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's notes on the processor
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)]
    )
    for chatty in ("absl", "azure", "onnxruntime", "tensorflow", "tf2onnx"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    run(app)
