"""Records to files: one format told from another, one image from many."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, assert_never

from captioner.errors import ContradictoryRequest, NoAltText
from captioner.exports.annotations import AnnotationPage
from captioner.exports.canvas import Canvas
from captioner.exports.html import Page
from captioner.exports.names import file_name, file_path
from captioner.exports.tables import Lines, Table
from captioner.exports.xmp import sidecar
from captioner.records import CaptionRecord

Format = Literal["csv", "jsonl", "xmp", "annotations", "html"]

_MEDIA_TYPES: Final = {
    "csv": "text/csv",
    "jsonl": "application/x-ndjson",
    "xmp": "application/zip",
    "annotations": 'application/ld+json;profile="http://www.w3.org/ns/anno.jsonld"',
    "html": "text/html",
}
_ENDINGS: Final = {
    "csv": ".csv",
    "jsonl": ".jsonl",
    "xmp": ".xmp.zip",
    "annotations": ".annotations.json",
    "html": ".html",
}


class Document(Protocol):
    """A format in which one file tells of many images; made anew for each file."""

    def begin(self) -> bytes: ...

    def add(self, record: CaptionRecord) -> bytes | None:
        """Write an image; None where it has no alt text and the format cannot do without."""
        ...

    def end(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Export:
    """A file; `left_out` are the images that are not in it for want of an alt text or a record."""

    data: bytes
    media_type: str
    name: str
    left_out: int = 0


def document_of(
    wanted: Format, canvas: Canvas, *, first: bool = True, alone: bool = False
) -> Document:
    """Begin a file of a format that holds many images; `alone` where it will hold only one."""
    match wanted:
        case "csv":
            return Table(first=first)
        case "jsonl":
            return Lines()
        case "annotations":
            return AnnotationPage(canvas)
        case "html":
            return Page(canvas, bare=alone)
        case "xmp":
            raise ContradictoryRequest("XMP has a file for each image; name a folder for them.")
        case _:
            assert_never(wanted)


def export_of(
    wanted: Format, records: Sequence[CaptionRecord], canvas: Canvas, *, first: bool = True
) -> Export:
    """Write records as one file: a part of what was asked for, `first` or a later one."""
    if wanted == "xmp":
        return _zipped(records)
    document = document_of(wanted, canvas, first=first)
    texts = [document.add(record) for record in records]
    data = b"".join([document.begin(), *filter(None, texts), document.end()])
    name = f"alt-texts{_ENDINGS[wanted]}"
    return Export(data, _MEDIA_TYPES[wanted], name, texts.count(None))


def export_one(wanted: Format, record: CaptionRecord, canvas: Canvas) -> Export:
    """Write one record as a file that is called after its image.

    Raises `NoAltText` where it has none and the format cannot do without.
    """
    name = file_name(record.image.name)
    if wanted == "xmp":
        data = sidecar(record)
        media_type, ending = "application/rdf+xml", ".xmp"
    else:
        document = document_of(wanted, canvas, alone=True)
        text = document.add(record)
        data = None if text is None else document.begin() + text + document.end()
        media_type, ending = _MEDIA_TYPES[wanted], _ENDINGS[wanted]
    if data is None:
        raise NoAltText(f"'{record.image.name}' has no alt text; write one, or take another form.")
    return Export(data, media_type, f"{name}{ending}")


def _zipped(records: Sequence[CaptionRecord]) -> Export:
    """Put sidecars into an archive, under the paths of their images."""
    file = io.BytesIO()
    left_out = 0
    taken: set[str] = set()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for record in records:
            data = sidecar(record)
            if data is None:
                left_out += 1
                continue
            path = _free(file_path(record.image.name), taken)
            # Told by the record, so that the same records make the same archive.
            moment = max(record.updated.timetuple()[:6], (1980, 1, 1, 0, 0, 0))
            archive.writestr(zipfile.ZipInfo(f"{path}.xmp", moment), data, zipfile.ZIP_DEFLATED)
    return Export(file.getvalue(), _MEDIA_TYPES["xmp"], f"alt-texts{_ENDINGS['xmp']}", left_out)


def _free(path: str, taken: set[str]) -> str:
    """Give a path that no other has: two odd names may come out as the same path."""
    found, number = path, 1
    while found in taken:
        number += 1
        found = f"{path}~{number}"
    taken.add(found)
    return found
