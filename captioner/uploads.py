"""Images that people send -> the images container, where they are captioned as any other."""

from collections.abc import Callable

from msgspec import UNSET, Struct

from captioner.entries import version_of
from captioner.errors import (
    ImageExists,
    ImageNotFound,
    InvalidRequest,
    RecordNotFound,
    RecordUnreadable,
)
from captioner.events import ImageEvents
from captioner.images import Picture
from captioner.records import Count, ImageFacts
from captioner.store import ImageEntry, ImageStore
from captioner.thumbnails import Thumbnails

_RESERVED = ".catalogue/"  # where sidecars of images so named would lie, the catalogue has its own
_ALT_TEXT = "alt_text"


class Upload(Struct, frozen=True, kw_only=True):
    """An image that was taken; `width` and `height` are those of the upright picture, in pixels."""

    name: str
    etag: str
    version: str
    content_type: str
    width: Count
    height: Count
    bytes: Count


class Uploads:
    """Takes images; safe to share between threads."""

    def __init__(
        self,
        store: ImageStore,
        decode: Callable[[bytes], Picture],
        thumbnails: Thumbnails,
        events: ImageEvents,
    ) -> None:
        self._store = store
        self._decode = decode
        self._thumbnails = thumbnails
        self._events = events

    def take(self, name: str, data: bytes, *, overwrite: bool = True) -> tuple[Upload, bool]:
        """Keep an image, and tell whether it is the first of its name.

        Its thumbnail is kept too, and its captions are asked for. Nothing is kept that cannot be
        decoded. Raises `ImageError`, `InvalidRequest` for a name that no image may have,
        `ImageExists`, or `StoreConflict` where somebody else writes the same image.
        """
        if name.startswith(_RESERVED):
            raise InvalidRequest(f"An image's name may not begin with '{_RESERVED}'; rename it.")
        picture = self._decode(data)
        last = self._find(name)
        if last and not overwrite:
            raise ImageExists(f"There is an image '{name}' already; rename this one or replace it.")
        etag = self._store.put_image(
            name,
            data,
            content_type=picture.content_type,
            metadata=self._carried_over(last) if last else None,
            overwrite=last is not None,
            replaces=last.etag if last else None,
        )
        self._thumbnails.keep(name, etag, picture)
        self._events.expect(name, etag)
        upload = Upload(
            name=name,
            etag=etag,
            version=str(version_of(ImageFacts(name=name, sha256=picture.sha256))),
            content_type=picture.content_type,
            width=picture.width,
            height=picture.height,
            bytes=len(data),
        )
        return upload, last is None

    def _find(self, name: str) -> ImageEntry | None:
        try:
            return self._store.find_image(name)
        except ImageNotFound:
            return None

    def _carried_over(self, last: ImageEntry) -> dict[str, str]:
        """Give the alt text that somebody sent with an image and that no record has yet."""
        told = {key: text for key, text in last.metadata.items() if key.lower() == _ALT_TEXT}
        return {} if not told or self._is_recorded(last) else told

    def _is_recorded(self, image: ImageEntry) -> bool:
        """Tell whether this version of an image has a record, made with what people wrote of it."""
        try:
            record, _ = self._store.get_record(image.name)
        except (RecordNotFound, RecordUnreadable):
            return False
        return record.image.etag == image.etag and record.descriptions is not UNSET
