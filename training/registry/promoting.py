"""Which of a model's published versions is current, and how another becomes it."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient
from msgspec import UNSET

from captioner.errors import StoreConflict
from captioner.model.bundle import MANIFEST, Manifest
from captioner.model.release import POINTER, Pointer
from captioner.records import now
from captioner.store import Documents
from captioner.store.account import translated
from training.registry.errors import PromoteError
from training.registry.publishing import checksum_of, folder_of


@dataclass(frozen=True, slots=True)
class Version:
    """A published version, when it was, and whether it is the current one."""

    name: str
    version: str
    registered: datetime
    is_current: bool


def promote(container: ContainerClient, name: str, version: str) -> Pointer:
    """Make a published version the current one, and give the pointer as it is then.

    Every byte of it is read and checked before. Raises `PromoteError` where it is not whole or
    somebody else promotes at the same moment, `StoreError` where storage does not work.
    """
    folder = folder_of(name, version)
    content = _checked(container, folder)
    documents = Documents(container)
    present = documents.read(f"{name}/{POINTER}")
    before = UNSET
    if present is not None:
        pointed = _pointer(present.data)
        # Promoted again, a version is tried again by those who refused it.
        before = pointed.before if pointed.version == version else pointed.version
    pointer = Pointer(version, hashlib.sha256(content).hexdigest(), promoted=now(), before=before)
    written = msgspec.json.format(msgspec.json.encode(pointer), indent=1)
    try:
        if present is not None:
            documents.replace(f"{name}/{POINTER}", written, present.etag)
        elif not documents.create(f"{name}/{POINTER}", written):
            raise StoreConflict("")
    except StoreConflict:
        raise PromoteError(
            f"Somebody else promoted a version of {name} at this moment: see which one is current, "
            "then promote again."
        ) from None
    return pointer


def versions(container: ContainerClient) -> Iterator[Version]:
    """List what is published, each model's newest version first; raises `StoreError`."""
    found: list[tuple[str, str, datetime]] = []
    pointed: set[str] = set()
    with translated(f"container '{container.container_name}'"):
        for blob in container.list_blobs():
            match blob.name.split("/"):
                case [name, version, last] if last == MANIFEST:
                    found.append((name, version, blob.creation_time))
                case [name, last] if last == POINTER:
                    pointed.add(name)
    current = {name: _pointer_of(container, name) for name in pointed}
    newest_first = sorted(found, key=lambda each: (each[0], -each[2].timestamp()))
    for name, version, registered in newest_first:
        yield Version(name, version, registered, current.get(name) == version)


def _checked(container: ContainerClient, folder: str) -> bytes:
    """Read a version's model.json; raises `PromoteError` where a file of it is not as it says."""
    where = f"{container.container_name}/{folder}"
    with translated(f"version {where}"):
        try:
            content = container.download_blob(f"{folder}/{MANIFEST}").readall()
            manifest = msgspec.json.decode(content, type=Manifest)
            for graph in (manifest.encoder, manifest.decoder):
                if checksum_of(container.get_blob_client(f"{folder}/{graph.file}")) != graph.sha256:
                    raise PromoteError(
                        f"{where}/{graph.file} is damaged: register another version."
                    )
        except ResourceNotFoundError:
            raise PromoteError(f"{where} is not registered, or not whole: register it.") from None
        except msgspec.DecodeError as fault:
            raise PromoteError(f"{where}/{MANIFEST} cannot be read: {fault}.") from None
    if f"{manifest.name}/{manifest.version}" != folder:
        raise PromoteError(f"{where} holds {manifest.name}/{manifest.version}: register it again.")
    return content


def _pointer(content: bytes) -> Pointer:
    try:
        return msgspec.json.decode(content, type=Pointer)
    except msgspec.DecodeError as fault:
        raise PromoteError(f"{POINTER} cannot be read, delete the blob: {fault}.") from None


def _pointer_of(container: ContainerClient, name: str) -> str | None:
    document = Documents(container).read(f"{name}/{POINTER}")
    return None if document is None else _pointer(document.data).version
