"""The command: `python -m devhost [--app DIR] [--port 7071] …`."""

import asyncio
import logging
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from devhost.app import App, load_app
from devhost.errors import HostError
from devhost.host import Host, Options
from devhost.keys import Keys, generate_keys, load_keys
from devhost.logs import start_logging

_log = logging.getLogger("devhost")

DEFAULT_PORT = 7071


def start(
    *,
    app: Annotated[
        Path, typer.Option(help="Folder of the app, with function_app.py and host.json.")
    ] = Path(),
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65535,
            help=f"Port to listen on, 0 for any free one; {DEFAULT_PORT} by default.",
        ),
    ] = None,
    address: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    settings: Annotated[
        Path,
        typer.Option(help="File of app settings, made from its .example where it is absent."),
    ] = Path("local.settings.json"),
    enforce_keys: Annotated[
        bool, typer.Option("--enforce-keys", help="Ask for access keys, as Azure does.")
    ] = False,
    keys: Annotated[
        Path | None,
        typer.Option(help="File of access keys, made where it is absent; else new ones are shown."),
    ] = None,
    blob_scan_interval: Annotated[
        float, typer.Option(min=0.05, help="Seconds between looks at a container.")
    ] = 10,
    queue_poll_interval: Annotated[
        float | None,
        typer.Option(
            min=0.05,
            help="Longest time in seconds between looks at a queue, where it "
            "is to be other than host.json's maxPollingInterval.",
        ),
    ] = None,
    message_lease: Annotated[
        float,
        typer.Option(min=1, help="Seconds for which a message in work stays hidden after a kill."),
    ] = 600,
    stop_timeout: Annotated[
        float, typer.Option(min=0, help="Seconds that running functions have when told to stop.")
    ] = 10,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Tell of faults only, not of every call.")
    ] = False,
    ready_file: Annotated[
        Path | None, typer.Option(help="File that gets the URL as soon as the host is ready.")
    ] = None,
) -> None:
    """Run a Functions app here, without Core Tools. For development only."""
    start_logging(quiet=quiet)
    folder = app.resolve()
    # The app's folder becomes the working folder, as in the real host.
    ready = ready_file.resolve() if ready_file else None
    keys_file = keys.resolve() if keys else None
    try:
        loaded = load_app(folder, folder / settings)
        for name in loaded.settings.skipped:
            _log.info("%s is set in the environment already: the file's value is not used.", name)
        options = Options(
            address=address,
            port=loaded.settings.host.LocalHttpPort or DEFAULT_PORT if port is None else port,
            blob_scan_interval_s=blob_scan_interval,
            queue_poll_interval_s=queue_poll_interval,
            message_lease_s=message_lease,
            stop_timeout_s=stop_timeout,
            ready_file=ready,
        )
        finished = asyncio.run(
            _run(loaded, options, _keys(loaded, keys_file) if enforce_keys else None)
        )
    except HostError as fault:
        _log.error("%s", fault)
        _leave(1)
    except Exception:  # noqa: BLE001 - threads of functions must not keep a broken host alive
        _log.exception("The devhost has a fault of its own and ends.")
        _leave(1)
    if finished:
        loaded.worker.stop()
    _leave(0)


async def _run(app: App, options: Options, keys: Keys | None) -> bool:
    return await Host(app, options, keys).run()


def _keys(app: App, path: Path | None) -> Keys:
    names = [each.function.name for each in app.http]
    if path:
        return load_keys(path, names)
    keys = generate_keys(names)
    _log.info(
        "Access keys of this run: host key %s, master key %s, blobs_extension key %s.",
        keys.function_keys["default"],
        keys.master_key,
        keys.system_keys["blobs_extension"],
    )
    return keys


def _leave(status: int) -> None:
    """End the process, without waiting for threads of functions that do not return."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    typer.run(start)
