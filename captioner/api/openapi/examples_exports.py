"""Examples of exports, made of the example of a record by what makes them."""

import msgspec

from captioner.api.openapi.examples import RECORD
from captioner.exports import Canvas, ExportRequest, Format, export_one

_CANVAS = Canvas(
    "https://example.org/iiif/{stem}/canvas", "https://museum.blob.core.windows.net/images"
)


def _exported(wanted: Format) -> bytes:
    return export_one(wanted, RECORD, _CANVAS).data


SELECTION = ExportRequest(format="csv", names=("attic/dog.jpg", "attic/cat.jpg"))
TABLE = _exported("csv").decode("utf-8-sig")
LINES = _exported("jsonl").decode()
SIDECAR = _exported("xmp").decode()
PAGE = msgspec.json.decode(_exported("annotations"))
IMG = _exported("html").decode()
