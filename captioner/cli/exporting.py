"""What is in the collection of an app, written to files of this machine."""

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from captioner.cli.terminal import Terminal
from captioner.collection import Filters
from captioner.composition import build_exports
from captioner.errors import ContradictoryRequest, FileUnreadable
from captioner.exports import (
    MOST_AT_ONCE,
    TOOLKIT,
    Document,
    Exports,
    Format,
    SidecarListing,
    document_of,
    file_path,
    sidecar,
    why_unread,
)
from captioner.records import CaptionRecord
from captioner.settings import Settings, StorageConnection
from captioner.store import CatalogueBlobs, ImageStore

_STANDARD_OUTPUT = Path("-")
_START = 1024  # bytes of a sidecar, in which it says what wrote it


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported: the images of these names, or where there are none all that fit."""

    names: Sequence[str]
    filters: Filters
    format: Format
    to: Path
    overwrite: bool


@dataclass(slots=True)
class Counts:
    """What became of the images.

    `kept` are those beside which somebody else's sidecar lies, `failed` those without a record or
    whose file could not be written.
    """

    written: int = 0
    left_out: int = 0
    kept: int = 0
    failed: int = 0


def export_and_show(
    wanted: Wanted, settings: Settings, connection: StorageConnection, terminal: Terminal
) -> bool:
    """Write what is wanted, say what came of it, and tell whether all is well.

    Raises `ContradictoryRequest`, `FileUnreadable` or `StoreError`.
    """
    if wanted.names and wanted.filters != Filters():
        raise ContradictoryRequest("Name images, or choose them by options; leave either out.")
    if wanted.format == "xmp" and wanted.to == _STANDARD_OUTPUT:
        raise ContradictoryRequest("XMP has a file for each image; name a folder with --to.")
    counts = Counts()
    with (
        CatalogueBlobs.connect(connection, settings) as blobs,
        ImageStore.connect(connection, settings) as store,
        terminal.progress(as_json=wanted.to == _STANDARD_OUTPUT) as progress,
    ):
        exports = build_exports(settings, store, SidecarListing(blobs, store))
        records = progress.track(
            _records(wanted, exports),
            total=len(wanted.names) or None,
            description="Exporting",
        )
        told = _told(records, terminal, counts)
        if wanted.format == "xmp":
            _write_sidecars(told, wanted, terminal, counts)
        else:
            _write_document(told, document_of(wanted.format, exports.canvas), wanted.to, counts)
    _sum_up(counts, wanted, terminal)
    return not counts.kept and not counts.failed


def _records(wanted: Wanted, exports: Exports) -> Iterator[CaptionRecord]:
    if wanted.names:
        yield from exports.named(wanted.names)
        return
    after: str | None = None
    while True:
        part = exports.part(wanted.filters, after=after, limit=MOST_AT_ONCE)
        yield from part.records
        if part.next is None:
            return
        after = part.next


def _told(
    records: Iterable[CaptionRecord], terminal: Terminal, counts: Counts
) -> Iterator[CaptionRecord]:
    """Pass records on, and say of which images there are none."""
    for record in records:
        if problem := why_unread(record):
            terminal.complain(f"{record.image.name}: {problem.message}")
            counts.failed += 1
        yield record


def _write_document(
    records: Iterable[CaptionRecord], document: Document, path: Path, counts: Counts
) -> None:
    with _opened(path) as file:
        file.write(document.begin())
        for record in records:
            data = document.add(record)
            file.write(data or b"")
            if not why_unread(record):
                counts.left_out += data is None
                counts.written += data is not None
        file.write(document.end())


def _write_sidecars(
    records: Iterable[CaptionRecord], wanted: Wanted, terminal: Terminal, counts: Counts
) -> None:
    for record in records:
        data = sidecar(record)
        if data is None:
            counts.left_out += not why_unread(record)
            continue
        # Beside its picture, a sidecar must be called as the picture is.
        name = file_path(record.image.name, anywhere=os.name == "nt")
        path = wanted.to / f"{name}.xmp"
        try:
            if not wanted.overwrite and not _is_ours(path):
                terminal.complain(f"{path}: left as it is, for another program wrote it.")
                counts.kept += 1
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with _opened(path) as file:
                file.write(data)
            counts.written += 1
        except (FileUnreadable, OSError) as fault:
            terminal.complain(f"{path}: {fault}")
            counts.failed += 1


def _is_ours(path: Path) -> bool:
    """Tell whether nothing is lost by writing a sidecar: none is there, or one of ours.

    Whatever program saves a sidecar puts its own name in the place of ours.
    """
    try:
        with path.open("rb") as file:
            return f'x:xmptk="{TOOLKIT} '.encode() in file.read(_START)
    except FileNotFoundError:
        return True


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Write a file as a whole: one that was there stays until the new one is done."""
    if path == _STANDARD_OUTPUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    unfinished = path.with_name(f"{path.name}.part")
    try:
        with unfinished.open("wb") as file:
            yield file
        unfinished.replace(path)
    except OSError as fault:
        raise FileUnreadable(
            f"The file '{path}' cannot be written ({fault.strerror}); check its path and access."
        ) from fault
    finally:
        unfinished.unlink(missing_ok=True)


def _sum_up(counts: Counts, wanted: Wanted, terminal: Terminal) -> None:
    if wanted.to != _STANDARD_OUTPUT:
        terminal.line(f"{counts.written:,} images in {wanted.to}")
    if counts.left_out:
        terminal.complain(f"{counts.left_out:,} images have no alt text and are left out.")
    if counts.kept:
        terminal.complain(
            f"{counts.kept:,} sidecars of other programs were left as they are; --overwrite "
            "replaces them and all that is in them."
        )
    if counts.failed:
        terminal.complain(f"{counts.failed:,} images could not be exported.")
