"""Where a run's data and checkpoints lie: a folder, or a container of Blob Storage.

A container is named by its URL, perhaps with a folder in it:

    https://ACCOUNT.blob.core.windows.net/CONTAINER/FOLDER

It is reached by the URL's own SAS if there is one, by the connection string of the settings
(`AzureWebJobsStorage`) where that is of the same account, and else by the identity that
`azure.identity` finds: that of the machine, or of who is signed in.
"""

import hashlib
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import unquote, urlsplit

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContainerClient

from captioner.errors import CaptionerError, SettingsError
from captioner.settings import load_storage_connection, local_environment
from captioner.store.account import open_account, translated

_CONCURRENCY = 4  # parts of one file on their way at once
_CHUNK = 2**20


class PlaceError(CaptionerError):
    """What is wanted is not in its place, or the place is none."""

    code = "place_invalid"
    permanent = True


class Place(ABC):
    """Files by name, `/` between the parts of a name. A file is there whole or not at all."""

    @abstractmethod
    def __str__(self) -> str:
        """The place as it may be told to anybody."""

    @abstractmethod
    def fetch(self, name: str, to: Path) -> None:
        """Copy a file here; raises `PlaceError` where it is missing."""

    @abstractmethod
    def put(self, name: str, source: Path) -> None:
        """Copy a file there, in the place of what was."""

    @abstractmethod
    def read(self, name: str) -> bytes | None:
        """Read a small file; None where it is missing."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file is there."""

    @abstractmethod
    def write(self, name: str, content: bytes) -> None:
        """Write a small file, in the place of what was."""

    @abstractmethod
    def files(self) -> Iterator[tuple[str, int, str]]:
        """Tell all files in order: name, bytes, and what changes when the file does."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Delete a file, if it is there."""

    @abstractmethod
    def under(self, folder: str) -> "Place":
        """Give a folder in this place as a place."""

    def get(self, name: str) -> bytes:
        """Read a small file; raises `PlaceError` where it is missing."""
        content = self.read(name)
        if content is None:
            raise self._missing(name)
        return content

    def _missing(self, name: str) -> PlaceError:
        return PlaceError(f"There is no {name} in {self}.")


@dataclass(frozen=True, slots=True)
class FolderPlace(Place):
    """A folder, made when the first file is put into it."""

    folder: Path

    def __str__(self) -> str:
        return str(self.folder)

    def fetch(self, name: str, to: Path) -> None:
        with self._translated(name), _drafted(to) as draft:
            shutil.copyfile(self.folder / name, draft)

    def put(self, name: str, source: Path) -> None:
        with self._translated(name), _drafted(self.folder / name) as draft:
            shutil.copyfile(source, draft)

    def read(self, name: str) -> bytes | None:
        path = self.folder / name
        with self._translated(name):
            return path.read_bytes() if path.is_file() else None

    def has(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def write(self, name: str, content: bytes) -> None:
        with self._translated(name), _drafted(self.folder / name) as draft:
            draft.write_bytes(content)

    def files(self) -> Iterator[tuple[str, int, str]]:
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                stat = path.stat()
                name = path.relative_to(self.folder).as_posix()
                yield name, stat.st_size, str(stat.st_mtime_ns)

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)

    def under(self, folder: str) -> "FolderPlace":
        return FolderPlace(self.folder / folder)

    @contextmanager
    def _translated(self, name: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise self._missing(name) from None
        except OSError as fault:
            raise PlaceError(f"{self.folder / name} cannot be used: {fault.strerror}.") from None


@dataclass(frozen=True, slots=True)
class ContainerPlace(Place):
    """A container, or a folder in it: what blobs' names begin with."""

    container: ContainerClient
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.container.container_name}/{self.prefix}".rstrip("/")

    def fetch(self, name: str, to: Path) -> None:
        with translated(f"blob '{self.prefix}{name}'"), _drafted(to) as draft:
            try:
                blob = self.container.download_blob(
                    self.prefix + name, max_concurrency=_CONCURRENCY
                )
            except ResourceNotFoundError:
                raise self._missing(name) from None
            with draft.open("wb") as file:
                blob.readinto(file)

    def put(self, name: str, source: Path) -> None:
        with source.open("rb") as file:
            self._upload(name, file)

    def read(self, name: str) -> bytes | None:
        with translated(f"blob '{self.prefix}{name}'"):
            try:
                return self.container.download_blob(self.prefix + name).readall()
            except ResourceNotFoundError:
                return None

    def has(self, name: str) -> bool:
        with translated(f"blob '{self.prefix}{name}'"):
            found: bool = self.container.get_blob_client(self.prefix + name).exists()
            return found

    def write(self, name: str, content: bytes) -> None:
        self._upload(name, content)

    def files(self) -> Iterator[tuple[str, int, str]]:
        with translated(f"container '{self.container.container_name}'"):
            for blob in self.container.list_blobs(name_starts_with=self.prefix or None):
                yield blob.name.removeprefix(self.prefix), blob.size, blob.etag

    def delete(self, name: str) -> None:
        with translated(f"blob '{self.prefix}{name}'"):
            try:
                self.container.delete_blob(self.prefix + name)
            except ResourceNotFoundError:
                return

    def under(self, folder: str) -> "ContainerPlace":
        return ContainerPlace(self.container, f"{self.prefix}{folder}/")

    def _upload(self, name: str, content: IO[bytes] | bytes) -> None:
        """Write a blob; its parts become one when all are there."""
        with translated(f"blob '{self.prefix}{name}'"):
            self.container.upload_blob(
                self.prefix + name, content, overwrite=True, max_concurrency=_CONCURRENCY
            )


@contextmanager
def open_place(where: str, *, make: bool = False) -> Iterator[Place]:
    """Open a folder by its path or a container by its URL, which `make` makes if it is missing.

    Raises `PlaceError` for a URL of no container, `StoreError` where storage does not work.
    """
    if not is_url(where):
        yield FolderPlace(Path(where))
        return
    container, folder = _container(where)
    with closing(container):
        if make:
            with translated(f"container '{container.container_name}'"):
                if not container.exists():
                    container.create_container()
        yield ContainerPlace(container, f"{folder}/" if folder else "")


def is_url(where: str) -> bool:
    """Whether a place is named by a URL."""
    return "://" in where


def sha256_of(path: Path) -> str:
    """Give the checksum of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _container(url: str) -> tuple[ContainerClient, str]:
    """Open the container that a URL names; give the folder in it as well."""
    parts = urlsplit(url)
    account = f"{parts.scheme}://{parts.netloc}"
    blobs = _account_of_settings()
    if blobs is not None and f"{account}{parts.path}".startswith(f"{blobs.primary_endpoint}/"):
        account = blobs.primary_endpoint  # an emulator's has a path of its own
    path = f"{parts.scheme}://{parts.netloc}{unquote(parts.path)}".removeprefix(account)
    container, _, folder = path.strip("/").partition("/")
    if parts.scheme not in ("http", "https") or not container:
        raise PlaceError(
            f"{url.partition('?')[0]} names no container: write "
            "https://ACCOUNT.blob.core.windows.net/CONTAINER, or a folder in it."
        )
    if parts.query:
        return ContainerClient(account, container, credential=parts.query), folder
    if blobs is not None and account == blobs.primary_endpoint:
        return blobs.get_container_client(container), folder
    # Costs 0.2 s to import, and a connection string needs none of it.
    from azure.identity import DefaultAzureCredential

    return ContainerClient(account, container, credential=DefaultAzureCredential()), folder


def _account_of_settings() -> BlobServiceClient | None:
    try:
        connection = load_storage_connection(local_environment(Path.cwd()))
    except SettingsError:
        return None
    blobs, queues = open_account(connection)
    queues.close()
    return blobs


@contextmanager
def _drafted(path: Path) -> Iterator[Path]:
    """Give a file to write that takes the place of `path` when it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.part")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
