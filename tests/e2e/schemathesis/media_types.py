"""Bodies that schemathesis cannot make up by itself: real images."""

from io import BytesIO

import schemathesis
from hypothesis import strategies
from PIL import Image

_FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/bmp": "BMP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
    # The bytes tell what an image is, whatever the request says.
    "image/heic": "JPEG",
    "application/octet-stream": "PNG",
}


def _image(kind: str) -> bytes:
    data = BytesIO()
    Image.new("RGB", (64, 48), "navy").save(data, kind)
    return data.getvalue()


for media_type, kind in _FORMATS.items():
    schemathesis.openapi.media_type(media_type, strategies.just(_image(kind)))
