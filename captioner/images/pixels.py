"""Decoded pixels of any kind -> upright RGB."""

from PIL import Image
from PIL.Image import Transpose

# Pixels of the shorter side that are always kept; more than any captioner looks at.
ENOUGH = 1024

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


def as_rgb(image: Image.Image) -> Image.Image:
    """Convert any mode to RGB: transparency on white, 16 and 32 bits scaled to 8."""
    if image.mode.startswith("I;16"):
        image = _scaled_from_16_bits(image)
    elif image.mode in {"I", "F"}:
        image = _stretched(image)
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    return image if image.mode == "RGB" else image.convert("RGB")


def reduced(image: Image.Image) -> Image.Image:
    """Bring the shorter side below twice `ENOUGH` pixels, so that memory stays bounded."""
    factor = min(image.size) // ENOUGH
    return image.reduce(factor) if factor > 1 else image


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

    levels = np.asarray(image, dtype=np.float64)
    finite = np.isfinite(levels)
    if not finite.any():
        return Image.new("L", image.size)
    low, high = levels[finite].min(), levels[finite].max()
    scale = 255 / (high - low) if high > low else 0
    grey = np.where(finite, (levels - low) * scale, 0)
    return Image.fromarray(grey.round().astype(np.uint8))
