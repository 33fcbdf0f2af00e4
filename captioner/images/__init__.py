"""Untrusted bytes -> a picture that is safe to look at: decoded, upright, RGB.

Which decoder sees the bytes is told by the bytes alone, never by a name or a header, and only the
formats of `captioner.images.formats` have one. Only the first frame of an animation is decoded.
Transparency is laid on white. Colours are taken as they are stored: embedded ICC profiles are not
applied (the model learnt from pictures decoded the same way, and a profile is one more untrusted
input), so CMYK is converted by the plain formula. Pillow's module-wide settings are left alone, so
any thread may decode.
"""

from dataclasses import dataclass
from hashlib import sha256

from PIL import Image

from captioner.errors import CorruptImage, EmptyImage, ImageError, ImageTooLarge, UnsupportedImage
from captioner.images.formats import FORMATS, HEAD_BYTES, JPEG, Format, format_of
from captioner.images.pixels import ENOUGH, is_sideways, orientation_of, reduced_rgb, upright

__all__ = ["HEAD_BYTES", "MEDIA_TYPES", "MOST_MEMORY", "Picture", "content_type_of", "decode"]

MEDIA_TYPES = tuple(each.content_type for each in FORMATS)
"""The kinds of images that are taken."""

MOST_MEMORY = 720_000_000
"""Bytes that decoding may take unless told: as many as most kinds of 120 megapixels need."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image.

    `image` is upright and of mode "RGB". A large one may be held at a reduced size, but neither
    side is ever brought below the pixels that `decode` was told to be enough. `width` and `height`
    are those of the upright original, `data` the bytes as received, `sha256` their digest in hex,
    `content_type` told by decoding.
    """

    image: Image.Image
    data: bytes
    content_type: str
    width: int
    height: int
    sha256: str


def content_type_of(head: bytes) -> str | None:
    """Tell the media type by the first `HEAD_BYTES` bytes; None if `decode` would not take it."""
    kind = format_of(head)
    return None if kind is None else kind.content_type


def decode(
    data: bytes,
    *,
    max_bytes: int,
    max_pixels: int,
    max_memory: int = MOST_MEMORY,
    enough: int = ENOUGH,
) -> Picture:
    """Decode an image of at most `max_bytes`, whose header declares at most `max_pixels`.

    Of kinds that take more memory for a pixel than others, there may be as many pixels as
    `max_memory`, in bytes, suffices for.
    `enough` pixels of the shorter side are kept where there are as many.
    Raises `EmptyImage`, `UnsupportedImage`, `CorruptImage` or `ImageTooLarge`; nothing else.
    """
    if not data:
        raise EmptyImage("The file is empty; upload the image again.")
    if len(data) > max_bytes:
        raise ImageTooLarge(
            f"The image has more than the {max_bytes:,} bytes that are taken; send a smaller copy."
        )
    kind = format_of(data[:HEAD_BYTES])
    if kind is None:
        *most, last = (each.name for each in FORMATS)
        raise UnsupportedImage(
            f"This is not an image that can be captioned; send {', '.join(most)} or {last}."
        )
    try:
        image, (width, height) = _decode(data, kind, max_pixels, max_memory, enough)
    except ImageError:
        raise
    except (MemoryError, Image.DecompressionBombError) as fault:
        raise ImageTooLarge(
            f"The {kind.name} image needs more memory than there is; send a smaller copy."
        ) from fault
    except Exception as fault:  # decoders raise nearly anything on bytes made to break them
        raise CorruptImage(
            f"The {kind.name} image is damaged, cut short or of a rare kind that cannot be read; "
            "export it again, for example as JPEG."
        ) from fault
    return Picture(
        image=image,
        data=data,
        content_type=kind.content_type,
        width=width,
        height=height,
        sha256=sha256(data).hexdigest(),
    )


def _decode(
    data: bytes, kind: Format, max_pixels: int, max_memory: int, enough: int
) -> tuple[Image.Image, tuple[int, int]]:
    """Give the upright RGB image, and the width and height of the upright original."""
    opened = kind.open(data)
    size = opened.size
    most = min(max_pixels, max_memory // kind.weight_of(opened))
    for width, height in (size, kind.largest_inside(data)):
        if width * height > most:
            raise ImageTooLarge(
                f"The {kind.name} image has {width:,} x {height:,} pixels, more than the {most:,} "
                "that are taken; send a smaller copy."
            )
    if kind is JPEG:
        opened.draft(None, (enough, enough))
        opened.load()
    else:
        opened.load()
        size = opened.size  # HEIC tells its cropped size only once decoded
    orientation = orientation_of(opened)
    image = upright(reduced_rgb(opened, enough), orientation)
    return image, size[::-1] if is_sideways(orientation) else size
