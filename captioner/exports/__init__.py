"""Records to the forms in which they are published: tables, sidecars of XMP, annotations, HTML.

Text that no person stands behind, and text that was written for another picture, says so in every
one of them.
"""

from captioner.exports.canvas import Canvas
from captioner.exports.exports import (
    FORMATS,
    MOST_AT_ONCE,
    ExportRequest,
    Exports,
    Part,
    why_unread,
)
from captioner.exports.files import Document, Export, Format, document_of, export_of, export_one
from captioner.exports.filters import Listing
from captioner.exports.listing import SidecarListing
from captioner.exports.names import file_path
from captioner.exports.xmp import TOOLKIT, sidecar

__all__ = [
    "FORMATS",
    "MOST_AT_ONCE",
    "TOOLKIT",
    "Canvas",
    "Document",
    "Export",
    "ExportRequest",
    "Exports",
    "Format",
    "Listing",
    "Part",
    "SidecarListing",
    "document_of",
    "export_of",
    "export_one",
    "file_path",
    "sidecar",
    "why_unread",
]
