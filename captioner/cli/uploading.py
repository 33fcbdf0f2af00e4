"""Files on this machine -> images in the container, and the records that the app makes of them."""

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from rich.progress import Progress

from captioner.cli.files import NamedFile
from captioner.cli.terminal import Terminal
from captioner.errors import (
    CaptionerError,
    ImageError,
    ImageNotFound,
    RecordNotFound,
    RecordUnreadable,
    RequestError,
    SourceError,
    StoreUnavailable,
)
from captioner.images import HEAD_BYTES, content_type_of
from captioner.records import CaptionRecord
from captioner.settings import Settings, StorageConnection
from captioner.store import ImageEntry, ImageStore

_UPLOADS_AT_ONCE = 4  # each holds its file in memory
_LOOKS_AT_ONCE = 8
_LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Uploaded:
    """An image that lies in the container, which version of it, and what that took."""

    name: str
    etag: str
    outcome: Literal["uploaded", "replaced", "unchanged"]


def upload_and_show(
    files: Sequence[NamedFile],
    settings: Settings,
    connection: StorageConnection,
    terminal: Terminal,
    *,
    patience_s: float | None,
) -> bool:
    """Upload the files, say what came of each, and tell whether all went well.

    With `patience_s`, also show their records as they arrive, until none has come for so many
    seconds; all went well then if each holds a caption. A file that cannot be uploaded costs no
    other. Raises `StoreError` where storage does not work, which ends it all.
    """
    with (
        ImageStore.connect(connection, settings) as store,
        terminal.progress() as progress,
    ):
        images = _upload(files, store, settings.max_image_bytes, terminal, progress)
        if patience_s is None:
            return len(images) == len(files)
        return _show_records(images, store, patience_s, terminal, progress) == len(files)


def upload_file(file: NamedFile, store: ImageStore, max_bytes: int) -> Uploaded:
    """Put a file into the images container unless the very same bytes lie there.

    Writing them again would have the image captioned anew. What the file holds is not looked at:
    whether it can be captioned is for the app to say, in a record. Raises `FileUnreadable`,
    `ImageTooLarge`, `InvalidRequest` for a name that no blob can have, or `StoreError`.
    """
    data = file.read(max_bytes)
    try:
        existing = store.find_image(file.name)
    except ImageNotFound:
        existing = None
    if existing is not None and _holds(store, existing, data):
        return Uploaded(file.name, existing.etag, "unchanged")
    etag = store.put_image(file.name, data, content_type=content_type_of(data[:HEAD_BYTES]))
    return Uploaded(file.name, etag, "uploaded" if existing is None else "replaced")


def arriving(
    images: Mapping[str, str], store: ImageStore, *, patience_s: float
) -> Iterator[CaptionRecord]:
    """Give the records of images, told by name and ETag, as they are written.

    Ends when all are there, or when none has come for `patience_s` seconds.
    """
    missing = dict(images)
    deadline = time.monotonic() + patience_s
    with _side_by_side(_LOOKS_AT_ONCE) as pool:
        while missing and time.monotonic() < deadline:
            names = list(missing)
            looks = pool.map(lambda name: _record_of(store, name, images[name]), names)
            for name, record in zip(names, looks, strict=True):
                if record is not None:
                    del missing[name]
                    deadline = time.monotonic() + patience_s
                    yield record
            if missing:
                time.sleep(_LOOK_EVERY_S)


@contextmanager
def _side_by_side(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Give a pool that begins nothing more once it is left, as by Ctrl-C."""
    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _upload(
    files: Sequence[NamedFile],
    store: ImageStore,
    max_bytes: int,
    terminal: Terminal,
    progress: Progress,
) -> list[Uploaded]:
    def attempt(file: NamedFile) -> Uploaded | CaptionerError:
        try:
            return upload_file(file, store, max_bytes)
        except (ImageError, RequestError, SourceError) as fault:
            return fault

    uploaded = []
    with _side_by_side(_UPLOADS_AT_ONCE) as pool:
        results = progress.track(pool.map(attempt, files), len(files), description="Uploading")
        for file, result in zip(files, results, strict=True):
            if isinstance(result, Uploaded):
                terminal.line(f"{result.outcome:<9}  {result.name}")
                uploaded.append(result)
            else:
                terminal.complain(f"{file.path}: {result.message}")
    return uploaded


def _show_records(
    images: Sequence[Uploaded],
    store: ImageStore,
    patience_s: float,
    terminal: Terminal,
    progress: Progress,
) -> int:
    """Show records as they arrive; give how many hold a caption."""
    etags = {each.name: each.etag for each in images}
    arrived = captioned = 0
    records = arriving(etags, store, patience_s=patience_s)
    for record in progress.track(records, len(etags), description="Captions"):
        terminal.record(record)
        arrived += 1
        captioned += bool(record.captions)
    if arrived < len(images):
        terminal.complain(
            f"{len(images) - arrived:,} of {len(images):,} images have no record that can be "
            f"read, and none came within {patience_s:g} s: see whether the app runs. It will "
            "caption them then."
        )
    return captioned


def _record_of(store: ImageStore, name: str, etag: str) -> CaptionRecord | None:
    """Give the record of this version of an image, None while none is there that can be read."""
    try:
        record, _ = store.get_record(name)
    except (RecordNotFound, RecordUnreadable, StoreUnavailable):
        return None
    return record if record.image.etag == etag else None


def _holds(store: ImageStore, image: ImageEntry, data: bytes) -> bool:
    """Tell whether the image in the container has these bytes."""
    if image.size != len(data):
        return False
    try:
        known = store.get_record(image.name)[0].image
    except (RecordNotFound, RecordUnreadable):
        known = None
    if known is not None and known.etag == image.etag:
        return known.sha256 == sha256(data).hexdigest()
    return store.get_image(image.name).data == data
