"""Options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

from captioner.settings import STORAGE_CONNECTION

LOCAL_APP = "http://localhost:7071"

ConnectionOption = Annotated[
    str | None,
    typer.Option(
        metavar="STRING",
        help="Connection string of the storage account; "
        f"{STORAGE_CONNECTION} where not given, which keeps its key off the screen.",
    ),
]
UrlOption = Annotated[str, typer.Option(metavar="URL", help="Where the app runs.")]
KeyOption = Annotated[
    str | None,
    typer.Option(metavar="KEY", envvar="CAPTIONER_KEY", help="Function or host key of the app."),
]
OutputOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        dir_okay=False,
        help="Follow it, and write the results to this file, one JSON document a line.",
    ),
]
