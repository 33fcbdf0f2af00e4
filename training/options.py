"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        help="Flickr8k's folder, one with captions.csv and images, or one to measure on with "
        "captions.json and images.",
    ),
]
SourceOption = Annotated[
    str,
    typer.Option(
        "--data",
        metavar="PLACE",
        help="A data set's folder, the URL of a container that holds one, or shards in either.",
    ),
]
ConfigOption = Annotated[Path, typer.Option("--config", help="The run's configuration.")]
RunsOption = Annotated[Path, typer.Option("--runs", help="Folder for all that runs make.")]
BundleOption = Annotated[Path, typer.Option("--bundle", help="Folder of the bundle.")]

CONFIG = Path(__file__).parent / "configs" / "flickr8k.toml"
RUNS, BUNDLE = Path("runs"), Path("models")
