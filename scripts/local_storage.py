"""The storage account of a local run: Azurite, its containers and first photographs."""

import http.client
import importlib.util
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from captioner.store import ImageStore
from scripts import azurite
from scripts.errors import SetupError

ROOT = Path(__file__).resolve().parent.parent
LOCATION = ROOT / ".azurite"
SAMPLES = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg")


def make_local_settings() -> None:
    """Make `local.settings.json` from the example where there is none."""
    path = ROOT / "local.settings.json"
    if not path.exists():
        shutil.copyfile(ROOT / "local.settings.json.example", path)


@contextmanager
def emulator(first_port: int) -> Iterator[str]:
    """Run Azurite, or use the one that runs already; give its connection string.

    Raises `SetupError`.
    """
    ports = azurite.Ports.from_first(first_port)
    if _is_azurite(first_port):
        print(f"Using the Azurite that already listens on port {first_port}.")
        yield azurite.Azurite(ports).connection_string
        return
    try:
        with azurite.running(LOCATION, ports) as storage:
            yield storage.connection_string
    except azurite.PortInUse as fault:
        another = first_port + 10_000
        raise SetupError(
            f"{fault} Free it, or take other ports with: make start AZURITE_PORT={another}"
        ) from None


def drop_samples(store: ImageStore) -> int:
    """Drop a few photographs into the images container if it is empty; give how many."""
    package = importlib.util.find_spec("skimage")
    if next(iter(store.list_images()), None) or not package or not package.origin:
        return 0
    for name in SAMPLES:
        store.put_image(name, Path(package.origin).parent.joinpath("data", name).read_bytes())
    return len(SAMPLES)


def _is_azurite(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        return (connection.getresponse().headers["Server"] or "").startswith("Azurite-Blob")
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
