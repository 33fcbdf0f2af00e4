"""Exports."""

from captioner import errors
from captioner.api.openapi import examples_exports as examples
from captioner.api.openapi.operations.telling import JSON, NEXT, STORAGE, Answer, Content, Operation
from captioner.api.requests import ExportQuery
from captioner.exports import MOST_AT_ONCE, ExportRequest

_FORMS = (
    "`csv`: a table with a row for each image; a cell that a spreadsheet would take for a formula "
    "has an apostrophe before it. `jsonl`: a record a line. `xmp`: a sidecar for each image with "
    "its `AltTextAccessibility`, in an archive where they are several. `annotations`: a page of "
    "annotations as W3C and IIIF Presentation 3 have them. `html`: an `img` with its `alt` for "
    "each image. Text that nobody has reviewed, or that was written for another picture, says so "
    "in all of them. An image whose record is missing or cannot be read ends no export of several: "
    "`csv` and `jsonl` tell its problem, the others leave it out, as they do images without "
    "alt text."
)
_TEXT = {"type": "string"}
_BYTES = {"type": "string", "format": "binary"}

_FILE = Answer(
    200,
    "The file.",
    (
        Content("text/csv", schema=_TEXT, examples={"table": examples.TABLE}),
        Content("application/x-ndjson", schema=_TEXT, examples={"records": examples.LINES}),
        Content("application/rdf+xml", schema=_TEXT, examples={"sidecar": examples.SIDECAR}),
        Content("application/zip", schema=_BYTES),
        Content(
            "application/ld+json",
            schema={"type": "object"},
            examples={"page": examples.PAGE},
        ),
        Content("text/html", schema=_TEXT, examples={"img": examples.IMG}),
    ),
    {
        "Content-Disposition": "`attachment`, and what to call the file.",
        "Captioner-Left-Out": "How many of the images are not in the file, for want of an alt "
        "text or a record.",
    },
)
_FAULTS = (
    errors.NoAltText,
    errors.RecordNotFound,
    errors.RecordUnreadable,
    *STORAGE,
    errors.InvalidRequest,
    errors.ContradictoryRequest,
)

EXPORTS = (
    Operation(
        id="export",
        method="get",
        path="/api/export",
        group="Export",
        summary="Export one image, or all that are as asked",
        description=f"{_FORMS} Many images come in parts of at most {MOST_AT_ONCE:,}.",
        query=ExportQuery,
        answers=(
            Answer(
                _FILE.status,
                _FILE.description,
                _FILE.content,
                {**_FILE.headers, "Link": NEXT},
            ),
        ),
        faults=(*_FAULTS, errors.InvalidCursor),
    ),
    Operation(
        id="exportNamed",
        method="post",
        path="/api/export",
        group="Export",
        summary="Export a selection of images",
        description=_FORMS,
        body=(Content(JSON, (ExportRequest,), examples={"selection": examples.SELECTION}),),
        answers=(_FILE,),
        faults=(*_FAULTS, errors.RequestTooLarge, errors.UnsupportedMediaType),
    ),
)
