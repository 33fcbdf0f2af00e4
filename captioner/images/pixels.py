"""Decoded pixels of any kind -> upright RGB."""

from collections.abc import Iterator

from PIL import Image
from PIL.Image import Transpose

# Pixels of the shorter side that are kept unless told; more than any captioner looks at.
ENOUGH = 1024

# Rows that are worked off at once, of the picture as it is or as it will be.
_BAND_ROWS = 64

_EXIF_ORIENTATION = 0x0112
_UPRIGHT = 1
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


def orientation_of(image: Image.Image) -> int:
    """Give the EXIF orientation, 1 to 8; 1 (upright) where there is none that can be read."""
    try:
        orientation = int(image.getexif().get(_EXIF_ORIENTATION, _UPRIGHT))
    except Exception:  # noqa: BLE001 - whatever is wrong in metadata must not cost the picture
        return _UPRIGHT
    return orientation if orientation in _TURNS else _UPRIGHT


def is_sideways(orientation: int) -> bool:
    """Tell whether standing upright swaps width and height."""
    return orientation in _SIDEWAYS


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn and mirror the image as its orientation asks."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def reduced_rgb(image: Image.Image, enough: int = ENOUGH) -> Image.Image:
    """Convert any mode to RGB, and bring the shorter side below twice `enough` pixels.

    Transparency is laid on white, 16 and 32 bits are scaled to 8. A large picture is worked off
    in bands, so that no second one of its size is held in memory.
    """
    if image.mode in {"I", "F"}:
        image = _stretched(image)
    factor = max(min(image.size) // enough, 1)
    if factor == 1 and image.mode == "RGB" and not image.has_transparency_data:
        return image
    width, height = image.size
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top, band in _bands(image, _BAND_ROWS * factor):
        small.paste(_as_rgb(band).reduce(factor), (0, top // factor))
    return small


def _bands(image: Image.Image, rows: int) -> Iterator[tuple[int, Image.Image]]:
    """Give the picture in bands of so many rows, each with the place of its first row."""
    width, height = image.size
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(top + rows, height)))


def _as_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16"):
        image = _scaled_from_16_bits(image)
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def _on_white(image: Image.Image) -> Image.Image:
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=image.getchannel("A"))
    return canvas


def _scaled_from_16_bits(image: Image.Image) -> Image.Image:
    levels = image.convert("I").point(lambda level: level * (255 / 65535) + 0.5)
    return levels.convert("L")


def _stretched(image: Image.Image) -> Image.Image:
    """Make 8-bit grey of 32-bit levels, which have no agreed black and white.

    The darkest level becomes black, the brightest white, what is not a finite number black.
    """
    import numpy as np  # noqa: PLC0415 - for the few TIFFs that come here, not for every start

    low, high = np.inf, -np.inf
    for _, band in _bands(image, _BAND_ROWS):
        levels = np.asarray(band, dtype=np.float64)
        finite = levels[np.isfinite(levels)]
        low = min(low, finite.min(initial=np.inf))
        high = max(high, finite.max(initial=-np.inf))
    grey = Image.new("L", image.size)
    if not high > low:
        return grey
    for top, band in _bands(image, _BAND_ROWS):
        levels = np.asarray(band, dtype=np.float64)
        above_black = np.where(np.isfinite(levels), levels - low, 0)
        scaled = (above_black * (255 / (high - low))).round().astype(np.uint8)
        grey.paste(Image.fromarray(scaled), (0, top))
    return grey
