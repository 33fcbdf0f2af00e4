"""Small copies of images, made once for each version of an image and kept in their own container.

They are for screens: JPEGs without metadata, upright, never larger than the image. Colours are as
stored, as everywhere here. The small one is made where an image is decoded anyway; what is missing
or of another version is made when it is asked for.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from typing import Literal, Protocol

from PIL import Image
from PIL.Image import Resampling

from captioner.entries import version_of
from captioner.errors import CaptionerError, ImageNotFound
from captioner.images import Picture
from captioner.records import ImageFacts
from captioner.store import Documents, ImageStore

type Size = Literal["small", "large"]

LONGEST_SIDE: Mapping[Size, int] = {"small": 512, "large": 1600}
"""In pixels; the longest side of a smaller image stays as it is."""

CONTENT_TYPE = "image/jpeg"

# At 70, blocks begin to show in even colours; at 90, there are half as many bytes again.
_QUALITY = 80
# Whole factors first: a third of the time, and no difference to be seen.
_GAP = 1.5

_log = logging.getLogger(__name__)


class Decode(Protocol):
    """`captioner.images.decode`, with the limits that are set."""

    def __call__(self, data: bytes, *, enough: int) -> Picture: ...


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG, and the version of the image that it shows, as the image's `Entry` names it."""

    data: bytes
    version: str


class Thumbnails:
    """Makes and keeps thumbnails; safe to share between threads."""

    def __init__(self, kept: Documents, store: ImageStore, decode: Decode) -> None:
        self._kept = kept
        self._store = store
        self._decode = decode

    def get(self, name: str, size: Size, version: str | None = None) -> Thumbnail:
        """Give the thumbnail of an image as it is now; where that is gone, the last there was.

        With the right `version`, nothing is asked of the image itself. Raises `ImageError` for an
        image that cannot be read, `ImageNotFound`, or another `StoreError`.
        """
        kept = self._kept.read(_place(name, size))
        told = kept.metadata if kept else {}
        known = Thumbnail(kept.data, told.get("version", "")) if kept else None
        if known and version and known.version == version:
            return known
        try:
            image = self._store.find_image(name)
        except ImageNotFound:
            if known:
                return known
            raise
        if known and told.get("etag") == image.etag:
            return known
        stored = self._store.get_image(name)
        picture = self._decode(stored.data, enough=LONGEST_SIDE[size])
        data, facts = jpeg_of(picture.image, LONGEST_SIDE[size]), _facts(stored.etag, picture)
        try:
            self._kept.put(_place(name, size), data, metadata=facts)
        except CaptionerError as fault:
            # It is at hand all the same; the next to ask has it made again.
            _log.warning("No thumbnail of %r is kept: %s", name, fault.message)
        return Thumbnail(data, facts["version"])

    def keep(self, name: str, etag: str, picture: Picture) -> None:
        """Keep the small one of an image that is decoded anyway; what fails is only logged.

        `etag` is that of the image.
        """
        place, facts = _place(name, "small"), _facts(etag, picture)
        try:
            known = self._kept.look(place)
            if known is None or known.metadata != facts:
                data = jpeg_of(picture.image, LONGEST_SIDE["small"])
                self._kept.put(place, data, metadata=facts)
        except Exception:  # noqa: BLE001 - whatever it is, it must not cost the image its captions
            _log.exception("No thumbnail of %r is kept", name, extra={"image": name})

    def forget(self, name: str) -> None:
        """Delete what is kept of an image; raises `StoreError`."""
        for size in LONGEST_SIDE:
            self._kept.delete(_place(name, size))


def jpeg_of(image: Image.Image, longest: int) -> bytes:
    """Write an RGB picture as a JPEG whose sides have at most so many pixels."""
    scale = min(longest / max(image.size), 1)
    width, height = (max(round(side * scale), 1) for side in image.size)
    # A copy even where the size stays: what the original says of itself is left out of it.
    small = image.resize((width, height), Resampling.LANCZOS, reducing_gap=_GAP)
    small.info.clear()
    data = BytesIO()
    small.save(data, "JPEG", quality=_QUALITY)
    return data.getvalue()


def _place(name: str, size: Size) -> str:
    """Name a blob: any name that an image may have is too long or too odd for something."""
    return f"{size}/{sha256(name.encode(errors='surrogatepass')).hexdigest()}.jpg"


def _facts(etag: str, picture: Picture) -> dict[str, str]:
    version = version_of(ImageFacts(name="", sha256=picture.sha256))
    return {"version": str(version), "etag": etag}
