"""The gallery page: its files, as a browser gets them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from gzip import compress
from hashlib import sha256
from importlib.resources import files
from pathlib import PurePath

from captioner.errors import PageFileNotFound

INDEX = "index.html"
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the page, and the same compressed with gzip.

    `etag` is another once the content is; weak, as it is of both.
    """

    content: bytes
    compressed: bytes
    media_type: str
    etag: str


def page_file(name: str) -> PageFile:
    """Give a file of the page by its name.

    Raises `PageFileNotFound`; no name leads out of the page's own files.
    """
    found = _page_files().get(name)
    if found is None:
        raise PageFileNotFound(
            "The page has no such file; reload it, as it may be of a new version."
        )
    return found


@cache
def _page_files() -> Mapping[str, PageFile]:
    """Read all files, of a few kilobytes each, once."""
    return {
        each.name: _read(each.read_bytes(), MEDIA_TYPES[PurePath(each.name).suffix])
        for each in files(__package__).iterdir()
        if PurePath(each.name).suffix in MEDIA_TYPES
    }


def _read(content: bytes, media_type: str) -> PageFile:
    etag = f'W/"{sha256(content).hexdigest()[:32]}"'
    return PageFile(content, compress(content, mtime=0), media_type, etag)
