"""The commands `register`, `promote` and `versions`."""

from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from captioner.model.bundle import open_bundle
from captioner.model.release import Pointer
from training.console import console
from training.options import BUNDLE, BundleOption
from training.registry import promoting
from training.registry.azureml import connect, register_model
from training.registry.errors import PromoteError
from training.registry.publishing import files_of, folder_of, make, opened_container, publish

ContainerOption = Annotated[
    str, typer.Option("--in", metavar="CONTAINER", help="Container of AzureWebJobsStorage.")
]


def register(
    to: Annotated[
        str,
        typer.Option(
            metavar="CONTAINER", help="Container of AzureWebJobsStorage; made if it is missing."
        ),
    ],
    bundle: BundleOption = BUNDLE,
    promotes: Annotated[
        bool, typer.Option("--promote", help="Make it the current version at once.")
    ] = False,
    azureml: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="Register it at Azure Machine Learning too: azureml://registries/NAME or "
            "azureml://subscriptions/ID/resourcegroups/GROUP/workspaces/NAME.",
        ),
    ] = None,
) -> None:
    """Publish a bundle to a blob container, as NAME/VERSION; what is there stays as it is."""
    client = None if azureml is None else connect(azureml)
    manifest = open_bundle(bundle).manifest
    folder = folder_of(manifest.name, manifest.version)
    files = files_of(bundle, manifest)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with opened_container(to) as container:
        with bar:
            make(container)
            task = bar.add_task(folder, total=sum(file.stat().st_size for file in files))
            for file in files:
                outcome = publish(container.get_blob_client(f"{folder}/{file.name}"), file)
                bar.advance(task, file.stat().st_size)
                console.print(f"{outcome:<10}  {to}/{folder}/{file.name}", soft_wrap=True)
        if client is not None:
            outcome = register_model(client, bundle, manifest)
            console.print(f"{outcome:<10}  {azureml}: {manifest.name}:{manifest.version}")
        if promotes:
            _tell(promoting.promote(container, manifest.name, manifest.version), to, manifest.name)


def promote(
    release: Annotated[
        str, typer.Argument(metavar="NAME/VERSION", help="What is to be current; an older one too.")
    ],
    container: ContainerOption,
) -> None:
    """Make a registered version the current one, which apps take; to roll back, promote the older.

    Every byte of it is read and checked before.
    """
    name, _, version = release.partition("/")
    with opened_container(container) as opened:
        _tell(promoting.promote(opened, name, version), container, name)


def versions(container: ContainerOption) -> None:
    """List the registered versions, and which is current."""
    table = Table("model", "version", "registered", "", box=None, pad_edge=False)
    with opened_container(container) as opened:
        for each in promoting.versions(opened):
            registered = f"{each.registered:%Y-%m-%d %H:%M} UTC"
            current = "current" if each.is_current else ""
            table.add_row(each.name, each.version, registered, current)
    if not table.rows:
        raise PromoteError(f"{container} holds no registered version: register one.")
    console.print(table)


def _tell(pointer: Pointer, container: str, name: str) -> None:
    before = f", before it {pointer.before}" if pointer.before else ""
    console.print(f"current     {container}/{name}/{pointer.version}{before}", soft_wrap=True)
