"""Picture -> bytes that Azure AI Vision takes and sees as our own model sees the picture.

The service takes JPEG, PNG, GIF and BMP of less than 4 MB, with sides of more than 50 and less
than 16,000 pixels. It is not known to heed EXIF orientation, nor what it makes of transparency,
CMYK or animation, so bytes with any of these are replaced by a JPEG of the decoded picture.
"""

from collections.abc import Callable, Mapping
from io import BytesIO

from PIL.BmpImagePlugin import BmpImageFile
from PIL.ExifTags import Base
from PIL.Image import Resampling
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile

from captioner.images import Picture

MAX_BYTES = 4_000_000  # 4 MB in the stricter reading
MIN_SIDE = 51
MAX_SIDE = 15_999

# What the service is sent when the bytes cannot go as they are. More pixels than its model looks
# at, and few enough that even black and white noise stays far below the limit of bytes.
_SIDE = 1600
_QUALITY = 85

# Classes rather than `Image.open`: that one warns of sizes which `images` has already judged.
# A GIF never goes as it is: it may be animated or transparent, and is cheap to encode anew.
_OPENERS: Mapping[str, Callable[[BytesIO], ImageFile]] = {
    "image/jpeg": JpegImageFile,
    "image/png": PngImageFile,
    "image/bmp": BmpImageFile,
}


def upload_of(picture: Picture) -> bytes:
    """Give the picture's own bytes if the service takes them and sees them right, else a JPEG.

    A picture that is too small is enlarged, which keeps its composition; a border would become
    part of what is described. Only a strip more than 300 times as long as wide loses its shape.
    """
    if _fits(picture) and _is_plain(picture):
        return picture.data
    image = picture.image
    size = _size_for(*image.size)
    if size != image.size:
        image = image.resize(size, Resampling.BICUBIC, reducing_gap=2.0)
    jpeg = BytesIO()
    image.save(jpeg, "JPEG", quality=_QUALITY)
    return jpeg.getvalue()


def _fits(picture: Picture) -> bool:
    return (
        len(picture.data) < MAX_BYTES
        and min(picture.width, picture.height) >= MIN_SIDE
        and max(picture.width, picture.height) <= MAX_SIDE
    )


def _is_plain(picture: Picture) -> bool:
    """Tell whether the bytes show the same to every reader: upright, opaque, 8 bits, one frame."""
    opener = _OPENERS.get(picture.content_type)
    if opener is None:
        return False
    try:
        header = opener(BytesIO(picture.data))
        return (
            header.mode in {"RGB", "L"}
            and not header.has_transparency_data
            and getattr(header, "n_frames", 1) == 1
            and header.getexif().get(Base.Orientation, 1) == 1
        )
    except Exception:  # noqa: BLE001 - broken metadata, which `images` overlooks, raises anything
        return False


def _size_for(width: int, height: int) -> tuple[int, int]:
    """Scale to at most `_SIDE`, but to no less than `MIN_SIDE` even if the long side exceeds it."""
    scale = max(min(1.0, _SIDE / max(width, height)), MIN_SIDE / min(width, height))

    def scaled(side: int) -> int:
        return min(max(round(side * scale), MIN_SIDE), MAX_SIDE)

    return scaled(width), scaled(height)
