"""Which formats are taken, how the bytes tell them, and the one decoder that each is given to.

JPEG and PNG are first cut down to what their pixels need. Thumbnails, colour profiles, editors'
notes, second pictures and later frames reach no decoder: they cost nothing if they are broken, and
nothing if they were made to cost much. Of an AVIF the picture is decoded, not the film that may be
there as well.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from zlib import crc32

from PIL.ImageFile import ImageFile

from captioner.images.av1 import largest_coded
from captioner.images.tiff import most_values

# Bytes of memory for a pixel that most decoders take at most, whatever the image is made of.
_USUAL_WEIGHT = 6


@dataclass(frozen=True, slots=True)
class Format:
    """An image format, and where the class that decodes it is found.

    `weight` is how many bytes of memory its decoder takes for a pixel, at most; measured by
    `tests/unit/images/test_bombs.py`.
    """

    name: str
    content_type: str
    module: str
    opener: str
    weight: int = _USUAL_WEIGHT

    def weight_of(self, image: ImageFile) -> int:
        """Tell how many bytes of memory a pixel of this one takes; two for each coefficient."""
        if self is JPEG and image.info.get("progressive"):
            return max(self.weight, 2 * len(image.getbands()))
        return self.weight

    def largest_inside(self, data: bytes) -> tuple[int, int]:
        """Tell the size of the largest picture that may be decoded, beside the one that is told."""
        return largest_coded(data) if self is AVIF else (0, 0)

    def open(self, data: bytes) -> ImageFile:
        """Read the header; pixels are decoded when the image is loaded.

        Not through `Image.open`, whose pixel limit is a module-wide setting with a warning from
        half of it on. The decoder is imported only now.
        """
        opener = getattr(import_module(self.module), self.opener)
        image: ImageFile = opener(BytesIO(_ESSENTIALS.get(self, bytes)(data)))
        return image


JPEG = Format("JPEG", "image/jpeg", "PIL.JpegImagePlugin", "JpegImageFile")
PNG = Format("PNG", "image/png", "PIL.PngImagePlugin", "PngImageFile")
WEBP = Format("WebP", "image/webp", "PIL.WebPImagePlugin", "WebPImageFile", 16)
GIF = Format("GIF", "image/gif", "PIL.GifImagePlugin", "GifImageFile")
BMP = Format("BMP", "image/bmp", "PIL.BmpImagePlugin", "BmpImageFile")
TIFF = Format("TIFF", "image/tiff", "PIL.TiffImagePlugin", "TiffImageFile")
AVIF = Format("AVIF", "image/avif", "PIL.AvifImagePlugin", "AvifImageFile", 14)
HEIC = Format("HEIC", "image/heic", "pillow_heif", "HeifImageFile", 13)
FORMATS = (JPEG, PNG, WEBP, GIF, BMP, TIFF, AVIF, HEIC)

# As many first bytes as tell any format.
HEAD_BYTES = 128

_SIGNATURES = (
    (b"\xff\xd8\xff", JPEG),
    (b"\x89PNG\r\n\x1a\n", PNG),
    (b"GIF87a", GIF),
    (b"GIF89a", GIF),
    (b"II*\x00", TIFF),
    (b"MM\x00*", TIFF),
    (b"II+\x00", TIFF),  # BigTIFF
    (b"MM\x00+", TIFF),
)
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_BMP_HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}

# Cameras and editors write about ten. Each may take a few bytes only and yet pass over all pixels,
# so that a small file with thousands of them would keep a decoder busy for hours.
_MOST_SCANS = 100
# Segments or chunks of one file. Pillow looks at each by itself, of which a file that holds nothing
# else would have millions.
_MOST_PARTS = 100_000
# Parts of the picture in a TIFF, the smallest tiles of a large one being 32 x 32 pixels.
_MOST_STRIPS = 1 << 18
_STRIPS_OR_TILES = {273, 324}
_FILLING = re.compile(rb"\xff*(?=\xff)")
# Markers of what may come between scans, each followed by its length, and the end marker.
_JPEG_SEGMENT = re.compile(rb"\xff([\xc4\xd9-\xdd\xe0-\xef\xfe])")


def format_of(head: bytes) -> Format | None:
    """Tell the format by the first `HEAD_BYTES` bytes; None if it is none that is taken."""
    for signature, found in _SIGNATURES:
        if head.startswith(signature):
            return found
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return WEBP
    if head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES:
        return BMP
    if head[4:8] == b"ftyp":
        end = min(int.from_bytes(head[:4]), HEAD_BYTES)
        brands = {head[8:12], *(head[at : at + 4] for at in range(16, end, 4))}
        if brands & _AVIF_BRANDS:
            return AVIF
        if brands & _HEIC_BRANDS:
            return HEIC
    return None


def _jpeg_essentials(data: bytes) -> bytes:
    """Drop all comments and application segments but JFIF, EXIF and Adobe's colour transform."""
    kept = [data[:2]]
    at = 2
    has_exif = False
    for _ in _parts():
        at = found.end() if (found := _FILLING.match(data, at)) else at
        marker = data[at + 1 : at + 2]
        length = int.from_bytes(data[at + 2 : at + 4])
        if data[at : at + 1] != b"\xff" or marker == b"\xda" or length < 2:
            break  # the pixels begin here, or nonsense
        segment = data[at : at + 2 + length]
        # Pillow joins all EXIF segments, which takes the longer the more there are.
        if not _is_ballast(segment) and not (has_exif and marker == b"\xe1"):
            kept.append(segment)
            has_exif = has_exif or marker == b"\xe1"
        at += 2 + length
    if data.rfind(b"\xff\xd9", at) < 0:  # from behind: it is near the end
        # Without an end marker, a picture whose last part was overwritten would pass as grey.
        raise ValueError("the JPEG has no end")
    if _scans_in(data, at) > _MOST_SCANS:
        raise ValueError("the JPEG has too many scans")
    return b"".join([*kept, data[at:]])


def _scans_in(data: bytes, at: int) -> int:
    """Count the scans of a JPEG from a place before the first one up to its end marker."""
    scans = 0
    for _ in _parts():
        found = _JPEG_SEGMENT.search(data, at)
        if found is None or found[1] == b"\xd9":
            break
        scans += found[1] == b"\xda"
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    return scans


def _parts() -> Iterator[int]:
    """Count the parts of a file; raise `ValueError` where they never come to an end."""
    yield from range(_MOST_PARTS)
    raise ValueError("the image has too many parts")


def _is_ballast(segment: bytes) -> bool:
    """Tell whether a JPEG's pixels and orientation can do without this segment."""
    marker, body = segment[1], segment[4:]
    if marker == 0xE0:
        return not (body.startswith(b"JFIF\0") and len(body) >= 14)
    if marker == 0xE1:
        return not body.startswith(b"Exif\0\0")
    if marker == 0xEE:
        return not (body.startswith(b"Adobe") and len(body) >= 12)
    return marker == 0xFE or 0xE0 <= marker <= 0xEF


def _png_essentials(data: bytes) -> bytes:
    """Drop all chunks but those of the pixels, the palette, transparency and EXIF."""
    kept = [data[:8]]
    at = 8
    for _ in _parts():
        if at >= len(data):
            break
        end = at + 12 + int.from_bytes(data[at : at + 4])
        name = data[at + 4 : at + 8]
        if name in {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"} or (
            name == b"eXIf" and int.from_bytes(data[end - 4 : end]) == crc32(data[at + 4 : end - 4])
        ):
            kept.append(data[at:end])
        at = end
    return b"".join(kept)


def _tiff_essentials(data: bytes) -> bytes:
    """Give all of a TIFF, unless it has so many parts that listing them alone takes gigabytes."""
    if most_values(data, _STRIPS_OR_TILES) > _MOST_STRIPS:
        raise ValueError("the TIFF has too many parts")
    return data


def _avif_essentials(data: bytes) -> bytes:
    """Call an AVIF a picture: a film would have parts that `largest_coded` passes over."""
    return b"".join([data[:8], b"avif", data[12:]])


_ESSENTIALS = {
    JPEG: _jpeg_essentials,
    PNG: _png_essentials,
    TIFF: _tiff_essentials,
    AVIF: _avif_essentials,
}
