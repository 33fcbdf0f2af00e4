"""A bundle published to a blob container, under its name and version, never to change again.

<container>/<name>/<version>/encoder.onnx
<container>/<name>/<version>/decoder.onnx
<container>/<name>/<version>/model.json      written last: where it is, the others are whole
"""

import hashlib
import re
from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import typer
from azure.core.exceptions import ResourceExistsError
from azure.storage.blob import BlobClient, ContainerClient, ContentSettings
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from captioner.errors import CaptionerError
from captioner.model.bundle import MANIFEST, Manifest, open_bundle
from captioner.settings import load_storage_connection, local_environment
from captioner.store.account import open_account, translated
from training.console import console
from training.options import BUNDLE, BundleOption

_CONTAINER = re.compile(r"(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_PART = re.compile(r"\w[\w.-]*")
_TYPES = {".json": "application/json", ".onnx": "application/octet-stream"}

type Outcome = Literal["registered", "unchanged"]


class RegisterError(CaptionerError):
    """The bundle cannot be registered as it is, or there."""

    code = "register_refused"
    permanent = True


def register(
    to: Annotated[
        str,
        typer.Option(
            metavar="CONTAINER", help="Container of AzureWebJobsStorage; made if it is missing."
        ),
    ],
    bundle: BundleOption = BUNDLE,
) -> None:
    """Publish a bundle to a blob container, as NAME/VERSION; what is there stays as it is."""
    manifest = open_bundle(bundle).manifest
    files = [bundle / name for name in (manifest.encoder.file, manifest.decoder.file, MANIFEST)]
    blobs, queues = open_account(load_storage_connection(local_environment(Path.cwd())))
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with closing(blobs), closing(queues), bar:
        container = _container(blobs.get_container_client(_legal_container(to)))
        folder = folder_of(manifest)
        task = bar.add_task(folder, total=sum(file.stat().st_size for file in files))
        for file in files:
            outcome = publish(container.get_blob_client(f"{folder}/{file.name}"), file)
            bar.advance(task, file.stat().st_size)
            console.print(f"{outcome:<10}  {to}/{folder}/{file.name}", soft_wrap=True)


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
            if _checksum(blob) == checksum:
                return "unchanged"
        else:
            return "registered"
    raise RegisterError(
        f"{blob.container_name}/{blob.blob_name} is registered with another content, and versions "
        "are never overwritten: record scores before you register, or export the bundle anew."
    )


def folder_of(manifest: Manifest) -> str:
    """Give `name/version`; raises `RegisterError` where they cannot be parts of a path."""
    for part in (manifest.name, manifest.version):
        if not _PART.fullmatch(part):
            raise RegisterError(
                f"{part!r} cannot be part of a path: name the run with letters, digits, '.', '-' "
                "and '_', and export it again."
            )
    return f"{manifest.name}/{manifest.version}"


def _legal_container(name: str) -> str:
    if not _CONTAINER.fullmatch(name):
        raise RegisterError(
            f"{name!r} is no container's name: it has 3 to 63 lower-case letters, digits and "
            "single hyphens."
        )
    return name


def _container(container: ContainerClient) -> ContainerClient:
    """Make the container where it is missing."""
    with translated(f"container '{container.container_name}'"):
        if not container.exists():
            container.create_container()
    return container


def _checksum(blob: BlobClient) -> str:
    """Read a blob's bytes again: its metadata are only what somebody said of it."""
    checksum = hashlib.sha256()
    for part in blob.download_blob().chunks():
        checksum.update(part)
    return checksum.hexdigest()
