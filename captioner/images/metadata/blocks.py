"""Where each image format keeps its XMP, IPTC and EXIF.

The blocks of JPEG, PNG, WebP, TIFF and GIF are found by walking over their heads, which reads
nothing else of the file; HEIC and AVIF are opened by their decoders, without decoding a picture.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from captioner.images.formats import (
    AVIF,
    GIF,
    HEAD_BYTES,
    HEIC,
    JPEG,
    PNG,
    TIFF,
    WEBP,
    Format,
    format_of,
)
from captioner.images.metadata.iptc import iim_in
from captioner.images.tiff import fields_of

_MOST_BYTES = 1 << 20  # of one block; what is beyond is left out
_MOST_PARTS = 10_000  # that a file is followed through

_XMP_IN_JPEG = b"http://ns.adobe.com/xap/1.0/\0"
_PHOTOSHOP_IN_JPEG = b"Photoshop 3.0\0"
_XMP_IN_PNG = b"XML:com.adobe.xmp\0"
_XMP_IN_GIF = b"\x21\xff\x0bXMP DataXMP"
_END_OF_XMP_IN_GIF = b"\x01\xff\xfe"
_XMP_IN_TIFF, _IPTC_IN_TIFF, _PHOTOSHOP_IN_TIFF = 700, 33723, 34377


@dataclass(frozen=True, slots=True)
class Blocks:
    """The metadata of an image as it is stored, each empty where there is none."""

    xmp: bytes = b""
    iptc: bytes = b""
    exif: bytes = b""


def blocks_of(data: bytes) -> Blocks:
    """Find the metadata of an image of any format that is taken."""
    kind = format_of(data[:HEAD_BYTES])
    if kind is AVIF or kind is HEIC:
        return _opened(data, kind)
    find = None if kind is None else _FINDERS.get(kind)
    return Blocks() if find is None else find(data)


def _jpeg(data: bytes) -> Blocks:
    xmp = exif = photoshop = b""
    for marker, body in _jpeg_segments(data):
        if marker == 0xE1 and body.startswith(_XMP_IN_JPEG):
            xmp = xmp or body.removeprefix(_XMP_IN_JPEG)
        elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
            exif = exif or body
        elif body.startswith(_PHOTOSHOP_IN_JPEG) and len(photoshop) < _MOST_BYTES:
            photoshop += body.removeprefix(_PHOTOSHOP_IN_JPEG)  # one block in several segments
    return Blocks(xmp, iim_in(photoshop), exif)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give the marker and the contents of each application segment that may hold metadata."""
    at = 2
    for _ in range(_MOST_PARTS):
        head = data[at : at + 4]
        if len(head) < 4 or head[0] != 0xFF or head[1] == 0xDA:  # where the pixels begin
            break
        if head[1] == 0xFF:  # filling
            at += 1
            continue
        end = at + 2 + int.from_bytes(head[2:])
        if head[1] in {0xE1, 0xED}:
            yield head[1], data[at + 4 : end]
        at = end


def _png(data: bytes) -> Blocks:
    xmp = exif = b""
    at = 8
    for _ in range(_MOST_PARTS):
        if at >= len(data):
            break
        name, start = data[at + 4 : at + 8], at + 8
        end = start + int.from_bytes(data[at : at + 4])
        if name == b"eXIf":
            exif = exif or _cut(data, start, end)
        elif name == b"iTXt" and data.startswith(_XMP_IN_PNG, start):
            xmp = xmp or _international_text(_cut(data, start + len(_XMP_IN_PNG), end))
        at = end + 4  # after a checksum
    return Blocks(xmp=xmp, exif=exif)


def _international_text(body: bytes) -> bytes:
    """Give the text after the keyword of an `iTXt` chunk, which may be compressed."""
    *_, text = body[2:].split(b"\0", 2)  # after a language and a translated keyword
    return zlib.decompressobj().decompress(text, _MOST_BYTES) if body[:1] == b"\1" else text


def _webp(data: bytes) -> Blocks:
    found: dict[bytes, bytes] = {}
    at = 12
    for _ in range(_MOST_PARTS):
        if at >= len(data):
            break
        name, start = data[at : at + 4], at + 8
        end = start + int.from_bytes(data[at + 4 : start], "little")
        if name in {b"XMP ", b"EXIF"}:
            found.setdefault(name, _cut(data, start, end))
        at = end + end % 2
    return Blocks(xmp=found.get(b"XMP ", b""), exif=found.get(b"EXIF", b""))


def _tiff(data: bytes) -> Blocks:
    fields = fields_of(data, {_XMP_IN_TIFF, _IPTC_IN_TIFF, _PHOTOSHOP_IN_TIFF})
    iptc = fields.get(_IPTC_IN_TIFF) or iim_in(fields.get(_PHOTOSHOP_IN_TIFF, b""))
    return Blocks(fields.get(_XMP_IN_TIFF, b""), iptc, exif=data)


def _gif(data: bytes) -> Blocks:
    start = data.find(_XMP_IN_GIF)
    if start < 0:
        return Blocks()
    start += len(_XMP_IN_GIF)
    end = data.find(_END_OF_XMP_IN_GIF, start, start + _MOST_BYTES)
    return Blocks(xmp=_cut(data, start, end if end >= 0 else len(data)))


def _opened(data: bytes, kind: Format) -> Blocks:
    told = kind.open(data).info
    return Blocks(xmp=(told.get("xmp") or b"")[:_MOST_BYTES], exif=told.get("exif") or b"")


def _cut(data: bytes, start: int, end: int) -> bytes:
    return data[start : min(end, start + _MOST_BYTES)]


_FINDERS: Mapping[Format, Callable[[bytes], Blocks]] = {
    JPEG: _jpeg,
    PNG: _png,
    WEBP: _webp,
    TIFF: _tiff,
    GIF: _gif,
}
