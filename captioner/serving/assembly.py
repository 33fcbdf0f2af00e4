"""A `MODEL_URI` to the model there."""

from collections.abc import Callable
from pathlib import Path

from captioner.model.onnx_captioner import OnnxCaptioner
from captioner.serving.place import Place
from captioner.serving.published import Published
from captioner.serving.shelf import Shelf
from captioner.serving.supply import PublishedModel
from captioner.settings import StorageConnection
from captioner.store.account import open_account, open_blobs


def place_of(uri: str, connection: StorageConnection) -> Place:
    """Tell what a URI leads to, for an app that has this account; nothing is reached.

    Raises `SettingsError` where it leads to no model.
    """
    return Place.of(uri, _own_endpoint(connection))


def published_model(
    uri: str,
    connection: StorageConnection,
    folder: Path,
    open: Callable[[Path], OnnxCaptioner],  # noqa: A002 - opening is what it does
    *,
    check_s: float,
) -> PublishedModel:
    """Give the model at a URI, kept below `folder`; nothing is reached before its first use.

    Raises `SettingsError` where the URI leads to no model.
    """
    place = place_of(uri, connection)
    if place.sas is None and place.endpoint == _own_endpoint(connection):
        blobs, _ = open_account(connection)
    else:
        blobs = open_blobs(connection, place.endpoint, place.sas)
    published = Published(blobs.get_container_client(place.container), place.name)
    shelf = Shelf(folder / place.key, published, open)
    return PublishedModel(published, shelf, version=place.version, check_s=check_s)


def _own_endpoint(connection: StorageConnection) -> str:
    """Give the blob endpoint of the app's own account, without what opens it; "" for none."""
    if connection.connection_string is None:
        return (connection.blob_endpoint or "").rstrip("/")
    blobs, _ = open_account(connection)  # which reads the string
    return str(blobs.url).partition("?")[0].rstrip("/")
