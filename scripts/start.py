"""`make start`: storage, the app and a few photographs on this machine, until Ctrl-C."""

import argparse
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack

from captioner.cli.terminal import Terminal
from captioner.errors import CaptionerError
from captioner.settings import (
    STORAGE_CONNECTION,
    Settings,
    load_settings,
    load_storage_connection,
    local_environment,
)
from captioner.store import ImageStore
from captioner.store.account import open_account
from scripts import azurite, host, local_storage, processes
from scripts.captions import SidecarWatch
from scripts.errors import SetupError
from scripts.event_grid import EventGrid

LOOK_EVERY_S = 1.0
LAST_PORT = 65533


def main() -> None:
    parser = argparse.ArgumentParser(description="Run captioner on this machine.")
    parser.add_argument("--port", type=port, default=7071, help="of the app (default 7071)")
    parser.add_argument(
        "--azurite-port", type=port, default=10000, help="first of Azurite's three (default 10000)"
    )
    parser.add_argument("--verbose", action="store_true", help="show the host's whole log")
    options = parser.parse_args()
    stop = threading.Event()
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, lambda *_: stop.set())
    try:
        run(options.port, options.azurite_port, stop, verbose=options.verbose)
    except (SetupError, CaptionerError) as fault:
        sys.exit(str(fault))


def port(text: str) -> int:
    """Read a port, the first of three that there are."""
    if not (text.isdecimal() and 1 <= int(text) <= LAST_PORT):
        raise argparse.ArgumentTypeError(f"take a port from 1 to {LAST_PORT}, not '{text}'")
    return int(text)


def run(port: int, azurite_port: int, stop: threading.Event, *, verbose: bool = False) -> None:
    """Run everything until `stop` is set, then end all of it.

    Raises `SetupError`, and `CaptionerError` where settings or storage are at fault.
    """
    host.require_free(port)
    local_storage.make_local_settings()
    app_settings = local_environment(local_storage.ROOT)
    settings = load_settings(app_settings)
    print("Starting …", flush=True)
    emulated = app_settings.get(STORAGE_CONNECTION) == azurite.DEFAULT_CONNECTION
    with ExitStack() as stack:
        overrides = {}
        if emulated:
            emulator = stack.enter_context(local_storage.emulator(azurite_port))
            if emulator != azurite.DEFAULT_CONNECTION:
                overrides = {STORAGE_CONNECTION: emulator}
        blobs, queues = open_account(load_storage_connection({**app_settings, **overrides}))
        stack.enter_context(blobs)
        stack.enter_context(queues)
        store = ImageStore(blobs, queues, settings)
        store.ensure_containers()
        watch = SidecarWatch(blobs.get_container_client(settings.captions_container))
        samples = local_storage.drop_samples(store) if emulated else 0
        process = stack.enter_context(
            processes.running(
                host.command(port, verbose=verbose),
                cwd=local_storage.ROOT,
                env=host.environment(overrides),
            )
        )
        host.wait_until_serving(process, port, stop)
        if not stop.is_set():
            connection = overrides.get(STORAGE_CONNECTION, azurite.DEFAULT_CONNECTION)
            print(greeting(port, settings, samples, connection), flush=True)
        images = blobs.get_container_client(settings.images_container)
        url = f"http://127.0.0.1:{port}"
        heard = settings.blob_trigger_source == "event-grid"
        show_captions(watch, process, stop, EventGrid(images, url) if heard else None)
        print("Stopping …", flush=True)


def show_captions(
    watch: SidecarWatch,
    process: subprocess.Popen[str],
    stop: threading.Event,
    event_grid: EventGrid | None = None,
) -> None:
    """Show captions as they arrive, until `stop` is set; raises `SetupError` if the host ends."""
    terminal = Terminal()
    while not stop.wait(LOOK_EVERY_S):
        if process.poll() is not None:
            raise SetupError(
                f"The host ended with status {process.returncode}: see what it printed, if "
                "anything, then try again."
            )
        if event_grid:
            event_grid.look()
        for record in watch.new():
            terminal.record(record)


def greeting(port: int, settings: Settings, samples: int, connection: str) -> str:
    """Tell where everything is and what to try."""
    url = f"http://127.0.0.1:{port}"
    usual = connection == azurite.DEFAULT_CONNECTION
    elsewhere = (
        "" if usual else f"  First, in a shell   export {STORAGE_CONNECTION}='{connection}'\n"
    )
    vision = "on" if settings.vision_configured else "off (set VISION_ENDPOINT and VISION_KEY)"
    first = f"{samples} sample photographs lie in '{settings.images_container}'. " * bool(samples)
    return f"""
captioner runs on {url}

  See the gallery     {url}/ in a browser: drop photographs there
{elsewhere}  Drop an image       .venv/bin/captioner upload PHOTO.jpg
  Read its captions   curl {url}/api/captions/PHOTO.jpg
  Caption by HTTP     curl --data-binary @PHOTO.jpg -H 'Content-Type: image/jpeg' {url}/api/caption
  Ask how it is       curl {url}/api/health
  Azure AI Vision     {vision}

{first}Captions appear here as they are made; Ctrl-C stops everything.
"""


if __name__ == "__main__":
    main()
