"""Untrusted bytes -> a picture that is safe to look at: decoded, upright, RGB.

Only the eight formats of `FORMATS` ever reach a decoder; which one is told by the bytes, never by
a name or a header. Only the first frame of an animation is decoded. Transparency is laid on white.
Colours are taken as they are stored: embedded ICC profiles are not applied (the model learnt from
pictures decoded the same way, and a profile is one more untrusted input), so CMYK is converted by
the plain formula. Nothing here changes Pillow's module-wide state, so any thread may decode.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from io import BytesIO
from types import MappingProxyType

from PIL import Image, ImageFile
from PIL.Image import Transpose

from captioner.errors import CorruptImage, EmptyImage, ImageError, ImageTooLarge, UnsupportedImage

# Pillow's name of a format -> its media type.
FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "JPEG": "image/jpeg",
        "PNG": "image/png",
        "WEBP": "image/webp",
        "GIF": "image/gif",
        "BMP": "image/bmp",
        "TIFF": "image/tiff",
        "AVIF": "image/avif",
        "HEIF": "image/heic",
    }
)

# Pixels of the shorter side that are always kept; more than any captioner looks at.
_ENOUGH = 1024

_PLUGINS = {
    "JPEG": "PIL.JpegImagePlugin",
    "PNG": "PIL.PngImagePlugin",
    "WEBP": "PIL.WebPImagePlugin",
    "GIF": "PIL.GifImagePlugin",
    "BMP": "PIL.BmpImagePlugin",
    "TIFF": "PIL.TiffImagePlugin",
    "AVIF": "PIL.AvifImagePlugin",
}
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),  # BigTIFF
    (b"MM\x00+", "TIFF"),
)
_AVIF_BRANDS = {b"avif", b"avis"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_BMP_HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}

_EXIF_ORIENTATION = 0x0112
_TURNS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_SIDEWAYS = {5, 6, 7, 8}


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image.

    `image` is upright and of mode "RGB". A large one may be held at a reduced size, but neither
    side is ever brought below 1024 pixels. `width` and `height` are those of the upright original,
    `data` the bytes as received, `sha256` their digest in hex, `content_type` told by decoding.
    """

    image: Image.Image
    data: bytes
    content_type: str
    width: int
    height: int
    sha256: str


def decode(data: bytes, *, max_bytes: int, max_pixels: int) -> Picture:
    """Decode an image of at most `max_bytes`, whose header declares at most `max_pixels`.

    Raises `EmptyImage`, `UnsupportedImage`, `CorruptImage` or `ImageTooLarge`; nothing else.
    """
    if not data:
        raise EmptyImage("The file is empty; upload the image again.")
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"The image has {len(data):,} bytes, more than the {max_bytes:,} that are taken; "
            "send a smaller copy."
        )
    format_name = _format_of(data)
    if format_name is None:
        raise UnsupportedImage(
            "This is not an image that can be captioned; "
            "send JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF."
        )
    try:
        image, (width, height) = _decode(data, format_name, max_pixels)
    except ImageError:
        raise
    except (MemoryError, Image.DecompressionBombError) as fault:
        raise ImageTooLarge(
            f"The {format_name} image takes more memory than there is; send a smaller copy."
        ) from fault
    except Exception as fault:  # decoders raise nearly anything on bytes made to break them
        raise CorruptImage(
            f"The {format_name} image is damaged, cut short or of a rare kind that cannot be "
            "read; export it again, for example as JPEG."
        ) from fault
    return Picture(
        image=image,
        data=data,
        content_type=FORMATS[format_name],
        width=width,
        height=height,
        sha256=sha256(data).hexdigest(),
    )


def _decode(data: bytes, format_name: str, max_pixels: int) -> tuple[Image.Image, tuple[int, int]]:
    """Give the upright RGB image and the width and height of the upright original."""
    opened = _open(data, format_name)
    size = opened.size
    if size[0] * size[1] > max_pixels:
        raise ImageTooLarge(
            f"The image has {size[0]:,} x {size[1]:,} pixels, more than the {max_pixels:,} that "
            "are taken; send a smaller copy."
        )
    if format_name == "JPEG":
        opened.draft(None, (_ENOUGH, _ENOUGH))
        opened.load()
    else:
        opened.load()
        size = opened.size  # HEIF tells the cropped size only once decoded
    image = _reduced(_as_rgb(opened))
    orientation = _orientation(opened)
    if orientation in _TURNS:
        image = image.transpose(_TURNS[orientation])
    return image, size[::-1] if orientation in _SIDEWAYS else size


def _format_of(data: bytes) -> str | None:
    """Tell the format by the first bytes; None if it is none of `FORMATS`."""
    for signature, format_name in _SIGNATURES:
        if data.startswith(signature):
            return format_name
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return "BMP"
    if data[4:8] == b"ftyp":
        end = min(int.from_bytes(data[:4]), 128)
        brands = {data[8:12], *(data[at : at + 4] for at in range(16, end, 4))}
        if brands & _AVIF_BRANDS:
            return "AVIF"
        if brands & _HEIF_BRANDS:
            return "HEIF"
    return None


def _open(data: bytes, format_name: str) -> ImageFile.ImageFile:
    """Read the header with the one decoder of this format, imported only now.

    Not through `Image.open`: its own pixel limit is a module-wide setting, and it warns from half
    of that limit on, where `max_pixels` alone is to decide.
    """
    if format_name == "HEIF":
        from pillow_heif import HeifImageFile

        return HeifImageFile(BytesIO(data))
    import_module(_PLUGINS[format_name])
    factory, _ = Image.OPEN[format_name]
    return factory(BytesIO(data), "")


def _orientation(opened: Image.Image) -> int:
    """Give the EXIF orientation, 1 (upright) where there is none that can be read."""
    try:
        return int(opened.getexif().get(_EXIF_ORIENTATION, 1))
    except Exception:  # damaged metadata must not cost a sound picture
        return 1


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda level: level * (255 / 65535) + 0.5).convert("L")
    elif image.mode in ("I", "F"):
        image = _stretched(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image.convert("RGBA")
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas


def _stretched(image: Image.Image) -> Image.Image:
    """Make 8-bit grey of 32-bit levels, which have no agreed black and white: the darkest level
    becomes black, the brightest white; what is not a finite number becomes black."""
    import numpy as np  # only scientific TIFFs come here

    levels = np.asarray(image, dtype=np.float64)
    finite = np.isfinite(levels)
    if not finite.any():
        return Image.new("L", image.size)
    low, high = levels[finite].min(), levels[finite].max()
    scale = 255 / (high - low) if high > low else 0
    grey = np.where(finite, (levels - low) * scale, 0)
    return Image.fromarray(grey.round().astype(np.uint8))


def _reduced(image: Image.Image) -> Image.Image:
    """Bring the shorter side below twice `_ENOUGH` pixels, so that memory stays bounded."""
    factor = min(image.size) // _ENOUGH
    return image.reduce(factor) if factor > 1 else image
