"""EXIF, which is a small TIFF file, of whose fields the first directory tells enough."""

from captioner.images.metadata.text import Text, decoded
from captioner.images.tiff import fields_of

_IMAGE_DESCRIPTION = 0x010E
_XP_COMMENT = 0x9C9C  # Windows; UTF-16
# `UserComment` is left alone: programs write far more of it than people do.


def texts_in(exif: bytes) -> list[Text]:
    """Give the descriptions of an EXIF block or a TIFF file."""
    fields = fields_of(exif.removeprefix(b"Exif\0\0"), {_IMAGE_DESCRIPTION, _XP_COMMENT})
    said = decoded(fields.get(_IMAGE_DESCRIPTION, b"").partition(b"\0")[0])
    comment = fields.get(_XP_COMMENT, b"").decode("utf-16-le", errors="ignore").partition("\0")[0]
    return [Text("exif-description", each) for each in (said, comment)]
