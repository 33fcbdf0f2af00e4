"""What commands have in common: their settings, and their ends."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from captioner.cli.terminal import Terminal
from captioner.errors import CaptionerError, RequestError, SettingsError
from captioner.settings import (
    STORAGE_CONNECTION,
    Settings,
    StorageConnection,
    load_settings,
    load_storage_connection,
    local_environment,
)

FAILED = 1
UNUSABLE = 2


def storage(connection: str | None) -> tuple[Settings, StorageConnection]:
    environment = local_environment(Path.cwd())
    if connection is not None:
        environment[STORAGE_CONNECTION] = connection
    return load_settings(environment), load_storage_connection(environment)


@contextmanager
def sentences(terminal: Terminal) -> Iterator[None]:
    """Turn a fault of the command as a whole into a sentence and an exit code."""
    try:
        yield
    except CaptionerError as fault:
        terminal.complain(fault.message)
        unusable = isinstance(fault, SettingsError | RequestError)
        raise typer.Exit(UNUSABLE if unusable else FAILED) from fault
