"""`python -m training`: prepare, train, evaluate, export, sheet."""

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from captioner.errors import CaptionerError
from captioner.model.bundle import Bundle, open_bundle
from training.config import load_config
from training.data.datasets import load_dataset
from training.data.pictures import Pictures, prepare_pictures
from training.data.splits import Split
from training.evaluate import Evaluation, record, save_captions
from training.evaluate import evaluate as evaluate_bundle
from training.workspace import Workspace, open_workspace, picture_folder

app = typer.Typer(
    help="Train the caption model: prepare, train, evaluate, export.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
console = Console()

DataOption = Annotated[
    Path, typer.Option("--data", help="Flickr8k's folder, or one with captions.csv and images.")
]
ConfigOption = Annotated[Path, typer.Option("--config", help="The run's configuration.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder for all that runs make.")]
BundleOption = Annotated[Path, typer.Option("--bundle", help="Folder of the bundle.")]
_CONFIG = Path(__file__).parent / "configs" / "flickr8k.toml"
_RUNS, _BUNDLE = Path("runs"), Path("models")


@app.command()
def prepare(data: DataOption, config: ConfigOption = _CONFIG, runs: RunsOption = _RUNS) -> None:
    """Decode every picture once, clean the captions and build the vocabulary."""
    workspace = _workspace(data, config, runs)
    for split, pictures in workspace.pictures.items():
        captions = sum(len(image.captions) for image in pictures.images)
        console.print(f"{split}: {len(pictures.images)} pictures, {captions} captions")
    console.print(f"{len(workspace.vocabulary)} words, in {workspace.folder}/vocabulary.json")


@app.command()
def train(
    data: DataOption,
    config: ConfigOption = _CONFIG,
    runs: RunsOption = _RUNS,
    threads: Annotated[int, typer.Option(help="Threads to compute with; 0 is all.")] = 0,
) -> None:
    """Train every stage; called again after a stop, go on from the last whole epoch."""
    workspace = _workspace(data, config, runs)
    import tensorflow as tf

    from training.train import train as train_all

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    train_all(workspace)
    console.print(f"Trained: see {workspace.folder} for curves, weights and run.json")


@app.command()
def export(
    data: DataOption,
    config: ConfigOption = _CONFIG,
    runs: RunsOption = _RUNS,
    bundle: BundleOption = _BUNDLE,
) -> None:
    """Write the trained model as a bundle, if it says in onnxruntime what it said in Keras."""
    workspace = _workspace(data, config, runs)
    from training.export import DevPictures
    from training.export import export as export_model
    from training.train import trained_model

    dev = DevPictures(workspace.pictures["dev"].pixels, workspace.references("dev"))
    manifest = export_model(trained_model(workspace), workspace, dev, bundle)
    size = sum(file.stat().st_size for file in bundle.iterdir() if file.is_file())
    console.print(f"{bundle}: {manifest.name} {manifest.version}, {size / 2**20:.1f} MiB")


@app.command()
def evaluate(
    *,
    data: DataOption,
    bundle: BundleOption = _BUNDLE,
    split: Annotated[str, typer.Option(help="dev or test")] = "test",
    runs: RunsOption = _RUNS,
    note: Annotated[
        bool, typer.Option("--record", help="Write the scores into the bundle's model.json.")
    ] = False,
    captions: Annotated[
        Path | None, typer.Option(help="Write the captions to this JSON Lines file.")
    ] = None,
) -> None:
    """Score a bundle's captions: BLEU, METEOR, ROUGE-L and CIDEr, greedy and by beam search."""
    opened, pictures = _bundle_and_pictures(bundle, data, runs, _split(split))
    results = [
        evaluate_bundle(opened, pictures, _split(split), beam_size=beam_size)
        for beam_size in sorted({1, opened.manifest.beam.beam_size})
    ]
    console.print(_score_table(opened, results))
    for result in results:
        if note:
            command = f"python -m training evaluate --bundle {bundle} --split {split} --data …"
            record(bundle, result, command)
        if captions is not None:
            save_captions(result, captions)


@app.command()
def sheet(
    out: Annotated[Path, typer.Option(help="The picture to write, .jpg or .png.")],
    bundle: BundleOption = _BUNDLE,
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
        entries = dataset_entries(opened, load_dataset(data).split(_split(split)), count)
    contact_sheet(entries, out)
    console.print(f"{out}: {len(entries)} pictures")


def _workspace(data: Path, config: Path, runs: Path) -> Workspace:
    return open_workspace(load_config(config), load_dataset(data), runs)


def _score_table(bundle: Bundle, results: Sequence[Evaluation]) -> Table:
    title = f"{bundle.manifest.name} {bundle.manifest.version}, {results[0].split} split, percent"
    table = Table("", title=title)
    for result in results:
        name = "greedy" if result.beam_size == 1 else f"beam {result.beam_size}"
        table.add_column(name, justify="right")
    scores = [result.scores for result in results]
    for number in range(1, 5):
        key = f"bleu_{number}"
        table.add_row(f"BLEU-{number}", *(f"{getattr(each, key):.1f}" for each in scores))
    table.add_row("METEOR", *(f"{each.meteor:.1f}" for each in scores))
    table.add_row("ROUGE-L", *(f"{each.rouge_l:.1f}" for each in scores))
    ranges = (f"{each.cider:.1f} ± {each.cider_error:.1f}" for each in scores)
    table.add_row("CIDEr ± standard error", *ranges)
    table.add_row("words a caption", *(f"{each.average_words:.1f}" for each in scores))
    table.add_row(
        "distinct captions", *(f"{each.distinct_captions} of {each.images}" for each in scores)
    )
    return table


def _bundle_and_pictures(
    bundle: Path, data: Path, runs: Path, split: Split
) -> tuple[Bundle, Pictures]:
    opened = open_bundle(bundle, threads=2)
    dataset = load_dataset(data)
    resize = opened.manifest.resize
    pictures = prepare_pictures(dataset, picture_folder(runs, dataset.name, resize), resize)
    return opened, pictures[split]


def _split(name: str) -> Split:
    if name == "dev":
        return "dev"
    if name == "test":
        return "test"
    raise typer.BadParameter("the split is dev or test: nothing is measured on train")


def main() -> None:
    """Run the command line; what went wrong is told in a sentence, with exit status 1."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow's notes on the processor
    logging.basicConfig(
        level=logging.INFO, format="%(message)s", handlers=[RichHandler(show_path=False)]
    )
    for chatty in ("absl", "onnxruntime", "tensorflow", "tf2onnx"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    try:
        app()
    except CaptionerError as fault:
        Console(stderr=True).print(f"[red]{fault.message}[/red]")
        raise SystemExit(1) from None
