"""A bundle published to a blob container, under its name and version, never to change again."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings

from captioner.model.bundle import MANIFEST, Manifest
from captioner.settings import load_storage_connection, local_environment
from captioner.store.account import open_account, translated
from training.registry.errors import RegisterError

_CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_PART = re.compile(r"\w[\w.-]*")
_TYPES = {".json": "application/json", ".onnx": "application/octet-stream"}

type Outcome = Literal["registered", "unchanged"]


@contextmanager
def opened_container(name: str) -> Iterator[ContainerClient]:
    """Give a container of the storage account that the settings name; raises as they are read."""
    if not _CONTAINER.fullmatch(name):
        raise RegisterError(
            f"{name!r} is no container's name: it has 3 to 63 lower-case letters, digits and "
            "single hyphens."
        )
    blobs, queues = open_account(load_storage_connection(local_environment(Path.cwd())))
    with closing(blobs), closing(queues):
        yield blobs.get_container_client(name)


def make(container: ContainerClient) -> None:
    """Make the container where it is missing."""
    with translated(f"container '{container.container_name}'"):
        if not container.exists():
            container.create_container()


def files_of(bundle: Path, manifest: Manifest) -> list[Path]:
    """Give a bundle's files in the order in which they are published."""
    return [bundle / name for name in (manifest.encoder.file, manifest.decoder.file, MANIFEST)]


def publish(blob: BlobClient, file: Path) -> Outcome:
    """Write a file as a blob that is not there yet, its SHA-256 among the blob's metadata.

    The service takes no byte that its MD5 does not match. Raises `RegisterError` where another
    content is there, `StoreError` where storage does not work.
    """
    content = file.read_bytes()
    checksum = hashlib.sha256(content).hexdigest()
    with translated(f"blob '{blob.blob_name}'"):
        try:
            blob.upload_blob(
                content,
                overwrite=False,
                validate_content=True,
                metadata={"sha256": checksum},
                content_settings=ContentSettings(content_type=_TYPES[file.suffix]),
            )
        except ResourceExistsError:
            if checksum_of(blob) == checksum:
                return "unchanged"
        else:
            return "registered"
    raise RegisterError(
        f"{blob.container_name}/{blob.blob_name} is registered with another content, and versions "
        "are never overwritten: record scores before you register, or export the bundle anew."
    )


def folder_of(name: str, version: str) -> str:
    """Give `name/version`; raises `RegisterError` where they cannot be parts of a path."""
    for part in (name, version):
        if not _PART.fullmatch(part):
            raise RegisterError(
                f"{part!r} cannot be part of a path: name the run with letters, digits, '.', '-' "
                "and '_', and export it again."
            )
    return f"{name}/{version}"


def checksum_of(blob: BlobClient) -> str:
    """Read a blob's bytes again: its metadata are only what somebody said of it."""
    checksum = hashlib.sha256()
    for part in blob.download_blob().chunks():
        checksum.update(part)
    return checksum.hexdigest()
