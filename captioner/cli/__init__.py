"""`captioner …`: the same service from a terminal.

Exit codes: 0 all is well, 1 something failed, 2 the command cannot be run as it was given.
"""

import logging
import os
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from captioner.cli.export import export
from captioner.cli.files import files_to_caption, files_to_upload
from captioner.cli.options import (
    LOCAL_APP,
    ConnectionOption,
    KeyOption,
    OutputOption,
    UrlOption,
)
from captioner.cli.running import FAILED, sentences, storage
from captioner.cli.terminal import Terminal
from captioner.errors import SettingsError
from captioner.settings import (
    load_settings,
    load_storage_connection,
    local_environment,
)

_INTERRUPTED = 130

app = typer.Typer(
    help="Captions images: on this machine, or where the app runs.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
app.command()(export)
catalogue = typer.Typer(
    help="Keeps the list of all images that search is served from.", no_args_is_help=True
)
app.add_typer(catalogue, name="catalogue")


def main() -> None:
    """Run the command line."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s")
    try:
        app()
    except SystemExit as end:
        if end.code == _INTERRUPTED:
            # Threads may wait for the network yet; nobody who pressed Ctrl-C wants to.
            sys.stdout.flush()
            os._exit(_INTERRUPTED)
        raise


@app.command()
def caption(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Images, or folders of images.")
    ],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one record a line, for every file in order.")
    ] = False,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Folder of the model bundle; MODEL_URI or MODEL_DIR where not given.",
        ),
    ] = None,
    neutral: Annotated[
        bool | None,
        typer.Option(
            "--neutral/--no-neutral",
            help="Use no words that tell people's sex; NEUTRAL_WORDING where not given.",
        ),
    ] = None,
) -> None:
    """Caption images on this machine.

    The exit code is 1 if any file got no caption at all.
    """
    from captioner.cli.captioning import caption_and_show  # noqa: PLC0415 - slow to load, as below

    terminal = Terminal()
    with sentences(terminal):
        environment = local_environment(Path.cwd())
        settings = load_settings(environment)
        if model is not None:
            settings = replace(settings, model_dir=model, model_uri=None)
        if neutral is not None:
            settings = replace(settings, neutral_wording=neutral)
        connection = None
        if settings.model_uri is not None:
            with suppress(SettingsError):  # a signed URI needs no account of ours
                connection = load_storage_connection(environment)
        all_well = caption_and_show(
            files_to_caption(files), settings, connection, terminal, as_json=as_json
        )
    raise typer.Exit(0 if all_well else FAILED)


@app.command()
def upload(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Files, or folders with all that is in them."),
    ],
    *,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait for the captions and show them as they arrive.")
    ] = False,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=1, help="Wait no longer than this for any caption."),
    ] = 300,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Goes before every name, such as attic/")
    ] = "",
    connection: ConnectionOption = None,
) -> None:
    """Drop images into the images container, where the app captions them.

    From a folder, all files are taken that are not hidden, under their paths inside it. An image
    that is there already is replaced only if its content differs.

    The exit code is 1 if any file could not be uploaded or, with --wait, got no caption at all.
    """
    from captioner.cli.uploading import upload_and_show  # noqa: PLC0415 - slow to load, as above

    terminal = Terminal()
    with sentences(terminal):
        all_well = upload_and_show(
            files_to_upload(files, prefix),
            *storage(connection),
            terminal,
            patience_s=timeout if wait else None,
        )
    raise typer.Exit(0 if all_well else FAILED)


@app.command()
def job(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="DIRECTORY_SAS|FILE|JOB",
            help="The SAS URI of a container or of a directory in it; or text files of URLs, one "
            "a line; or a job's id.",
        ),
    ],
    *,
    url: UrlOption = LOCAL_APP,
    key: KeyOption = None,
    follows: Annotated[
        bool, typer.Option("--follow", help="Show the progress until the job ends.")
    ] = False,
    output: OutputOption = None,
    save: Annotated[
        bool, typer.Option("--save", help="Write each record beside its image in the directory.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Caption again what has its record in the directory.")
    ] = False,
    neutral: Annotated[
        bool | None,
        typer.Option(
            "--neutral/--no-neutral",
            help="Use no words that tell people's sex; as the app is set where not given.",
        ),
    ] = None,
    cancel: Annotated[bool, typer.Option("--cancel", help="End the job of this id.")] = False,
    renew: Annotated[
        str | None,
        typer.Option(metavar="SAS", help="Go on with the job of this id by a new SAS URI."),
    ] = None,
) -> None:
    """Have an app caption a whole directory, or many URLs.

    The app does the work: Ctrl-C ends the watching alone. The exit code is 1 if a job that is
    followed does not end well, or any of its images got no caption.
    """
    from captioner.cli import jobs  # noqa: PLC0415 - slow to load, as above

    terminal = Terminal()
    with sentences(terminal), jobs.App(url, key) as there:
        all_well = jobs.run(
            there,
            sources,
            jobs.Wishes(save=save, force=force, neutral=neutral),
            terminal,
            follows=follows,
            output=output,
            cancel=cancel,
            renewed=renew,
        )
    raise typer.Exit(0 if all_well else FAILED)


@app.command()
def backfill(
    *,
    model_older_than: Annotated[
        str | None,
        typer.Option(
            metavar="VERSION|DATE",
            help="Caption again what a version of the model captioned that was registered before "
            "this one, or what another version captioned before this date.",
        ),
    ] = None,
    url: UrlOption = LOCAL_APP,
    key: KeyOption = None,
    follows: Annotated[
        bool, typer.Option("--follow/--no-follow", help="Show the progress until the job ends.")
    ] = True,
    output: OutputOption = None,
) -> None:
    """Have an app caption what in its images container has no record that is up to date.

    What people wrote stays. The app does the work: Ctrl-C ends the watching alone, and what is done
    is not done again. The exit code is 1 if the job does not end well, or any image got no caption.
    """
    from captioner.cli import jobs  # noqa: PLC0415 - slow to load, as above
    from captioner.jobs import Backfill  # noqa: PLC0415

    terminal = Terminal()
    all_well = True
    with sentences(terminal), jobs.App(url, key) as there:
        status = there.start(Backfill(backfill=True, model_older_than=model_older_than))
        if follows or output:
            all_well = jobs.see_through(there, status, terminal, output=output)
        else:
            jobs.say_how_to_go_on(status.id, terminal)
    raise typer.Exit(0 if all_well else FAILED)


@app.command()
def search(
    words: Annotated[list[str], typer.Argument(metavar="WORD", help="What to look for.")],
    *,
    limit: Annotated[
        int, typer.Option(metavar="NUMBER", min=1, max=100, help="Images shown at most.")
    ] = 10,
    connection: ConnectionOption = None,
) -> None:
    """Find images by what their records say.

    The exit code is 1 if nothing was found.
    """
    from captioner.cli.collection import search_and_show  # noqa: PLC0415 - slow to load, as above

    terminal = Terminal()
    with sentences(terminal):
        found = search_and_show(" ".join(words), limit, *storage(connection), terminal)
    raise typer.Exit(0 if found else FAILED)


@catalogue.command()
def rebuild(
    *,
    connection: ConnectionOption = None,
) -> None:
    """Compare the catalogue with all sidecars, mend it, and write its snapshot anew.

    The app compares them every hour, and writes the snapshot where that is worthwhile.
    """
    from captioner.cli.collection import rebuild_and_show  # noqa: PLC0415 - slow to load, as above

    terminal = Terminal()
    with sentences(terminal):
        all_well = rebuild_and_show(*storage(connection), terminal)
    raise typer.Exit(0 if all_well else FAILED)
