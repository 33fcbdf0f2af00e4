"""Pictures and image bytes for tests, made here so that no test needs a file."""

from io import BytesIO

from PIL import Image

from captioner.images import Picture, decode


def image_bytes(image: Image.Image, image_format: str = "JPEG", **options: object) -> bytes:
    """Encode an image; `options` are those of Pillow's `Image.save`."""
    data = BytesIO()
    image.save(data, image_format, **options)
    return data.getvalue()


def picture_of(image: Image.Image, image_format: str = "JPEG", **options: object) -> Picture:
    """Encode an image and read it as the app reads what it is given."""
    return picture_from(image_bytes(image, image_format, **options))


def picture_from(data: bytes) -> Picture:
    """Read bytes as the app does, without limits that matter to a test."""
    return decode(data, max_bytes=2**30, max_pixels=2**30)


def plain(width: int, height: int, colour: str = "red") -> Image.Image:
    """Give an image of one colour."""
    return Image.new("RGB", (width, height), colour)


def left_and_right(width: int, height: int, left: str = "red", right: str = "blue") -> Image.Image:
    """Give an image of two halves, which shows whether it was turned or mirrored."""
    image = plain(width, height, left)
    image.paste(right, (width // 2, 0, width, height))
    return image
