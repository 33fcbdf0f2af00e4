"""The command `export`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from captioner.cli.options import ConnectionOption
from captioner.cli.running import FAILED, sentences, storage
from captioner.cli.terminal import Terminal


def export(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="Names of images; all where none is named."),
    ] = None,
    *,
    form: Annotated[
        Literal["csv", "jsonl", "xmp", "annotations", "html"],
        typer.Option("--format", help="What to write."),
    ],
    to: Annotated[
        Path,
        typer.Option(
            metavar="PATH",
            allow_dash=True,
            help="File to write, or - for the standard output; for xmp the folder of the "
            "photographs, where each photo.jpg gets its photo.jpg.xmp.",
        ),
    ],
    status: Annotated[
        Literal["machine", "approved", "edited", "none"] | None,
        typer.Option(help="Only images whose alt text is so."),
    ] = None,
    pending: Annotated[
        bool, typer.Option("--pending", help="Only images whose alt text a person should read.")
    ] = False,
    problem: Annotated[
        str | None, typer.Option(metavar="CODE", help="Only images with this problem, or any.")
    ] = None,
    prefix: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Only images whose names begin so, such as attic/"),
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="CAPTIONER", help="Only images that it captioned.")
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option("--overwrite", help="Replace .xmp files that other programs have written."),
    ] = False,
    connection: ConnectionOption = None,
) -> None:
    """Write alt texts and captions in a form that other programs read.

    Text that nobody has reviewed, or that was written for another picture, says so in each of
    them. A file that is there is replaced, but for an .xmp that another program has written.

    The exit code is 1 if any image that was named has no record, or any file was left as it is.
    """
    from captioner.cli.exporting import Wanted, export_and_show  # noqa: PLC0415 - slow to load
    from captioner.collection import Filters  # noqa: PLC0415

    filters = Filters(
        status=status,
        review="pending" if pending else None,
        problem=problem,
        prefix=prefix,
        source=source,
    )
    terminal = Terminal()
    with sentences(terminal):
        all_well = export_and_show(
            Wanted(names or (), filters, form, to, overwrite), *storage(connection), terminal
        )
    raise typer.Exit(0 if all_well else FAILED)
