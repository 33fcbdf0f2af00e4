"""What is fuzzed. A target takes any bytes and raises where something does not hold.

The tests replay the corpus through these, and Hypothesis makes up more.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress

import azure.functions as func
import msgspec

from captioner.api import requests as asking
from captioner.api.paging import cursor_of, token_in
from captioner.api.preconditions import expected_by
from captioner.api.uploads import images_in
from captioner.entries import Change, entry_of, read_change, to_line
from captioner.errors import CaptionerError, ImageError, InvalidRequest, SourceError
from captioner.events import PoisonBlob, Retry, read_message
from captioner.exports.names import file_name, file_path
from captioner.images import decode
from captioner.images.metadata import texts_in
from captioner.jobs import JobMessage
from captioner.records import from_json, to_json
from captioner.settings import Settings
from captioner.sources.directories import Place
from captioner.sources.policy import Policy
from captioner.sources.redaction import without_credentials
from captioner.sources.urls import Url
from captioner.store import alt_text_in, sidecar_name

SECRET = "s3cretcanary"  # noqa: S105 - opens nothing
_MOST_PIXELS = 1 << 20
_POLICY = Policy.of(Settings(), emulator="http://127.0.0.1:10000/devstoreaccount1")
_FORM = "multipart/form-data; boundary=x"


class Broken(AssertionError):
    """Something does not hold."""


def _hold(holds: object, what: str) -> None:
    if not holds:
        raise Broken(what)


def images(data: bytes) -> None:
    """Decode an image: a picture within its limits, or an error that says why there is none."""
    try:
        picture = decode(data, max_bytes=1 << 20, max_pixels=_MOST_PIXELS, max_memory=16 << 20)
    except ImageError:
        return
    _hold(picture.image.mode == "RGB", "the picture is RGB")
    _hold(0 < picture.width * picture.height <= _MOST_PIXELS, "its size is within bounds")
    picture.image.load()


def metadata(data: bytes) -> None:
    """Read what people wrote in an image's file: a few short lines of text, and never an error."""
    texts = texts_in(data)
    _hold(len(texts) <= 20, "there are few texts")
    for each in texts:
        _hold(0 < len(each.text) <= 5_000, "they are short")
        _hold(each.text == " ".join(each.text.split()), "each is one line")
        each.text.encode()


def requests(data: bytes) -> None:
    """Read the bodies, queries and headers of requests: what they ask for, or what to mend."""
    head, _, body = data.partition(b"\n")
    line = head.decode("latin-1")
    query = _query(line)
    for read in (asking.read_asked, asking.read_job, asking.read_urls, asking.read_export):
        _ours(read, body, query)
        _ours(read, data, {})
    for read_one in (asking.read_renewal, asking.read_alt_text):
        _ours(read_one, data)
    for form in _QUERIES:
        _ours(asking.read_query, query, form)
    headers = {"content-type": line if "/" in line else _FORM, "if-match": line}
    request = func.HttpRequest("POST", "/api/caption", headers=headers, body=body)
    _ours(_images_of, request)
    _ours(expected_by, request, required=True)
    with suppress(CaptionerError):
        token = token_in(line)
        _hold(token is None or token_in(cursor_of(token)) == token, "a cursor is what was given")
    alt_text_in({"alt_text": line})


_QUERIES: tuple[type[msgspec.Struct], ...] = (
    asking.ListQuery,
    asking.Query,
    asking.JobsQuery,
    asking.ResultsQuery,
    asking.SearchQuery,
    asking.ImagesQuery,
    asking.ThumbnailQuery,
    asking.ExportQuery,
)


def _query(line: str) -> dict[str, str]:
    return dict(part.partition("=")[::2] for part in line.split("&") if part)


def _images_of(request: func.HttpRequest) -> None:
    with images_in(request) as sent:
        for each in sent:
            _hold(len(each.read()) == each.size, "an image is as large as it is told")


def urls(data: bytes) -> None:
    """Read URLs, and URIs of directories with a signature, which is never shown."""
    text = data.decode("utf-8", errors="surrogateescape")
    for each in (text, f"https://{text}", f"https://name.blob.core.windows.net/{text}"):
        with suppress(SourceError):
            _url(Url.parse(each))
        with suppress(SourceError):
            _place(Place.of(each, _POLICY))
    signed = f"https://a.blob.core.windows.net/pictures/{text}?sr=c&sp=rl&sig={SECRET}&st={text}"
    with suppress(SourceError):
        place = Place.of(signed, _POLICY)
        _hold(SECRET not in repr(place), "no representation shows the signature")
        _hold(SECRET not in Url.parse(signed).public, "no URL shows the signature")
    with suppress(SourceError):
        _url(Url.parse("https://a.example/b/c.jpg").joined(text))
    _hold(SECRET not in without_credentials(f"{text}&sig={SECRET}"), "no query shows the signature")


def _url(url: Url) -> None:
    _hold(Url.parse(url.origin + url.target) == url, "what is written is read the same again")
    _hold("@" not in url.netloc, "nobody's name is in the host")
    _hold(f"{url.host}{url.target}".isascii(), "a request line can hold it")
    _hold(not re.search(r"[\s\x00-\x1f\x7f]", url.host + url.target), "it is one line")


def _place(place: Place) -> None:
    _hold("/" not in place.container, "a container is one name")
    _hold(not place.prefix or place.prefix.endswith("/"), "a directory ends with a slash")
    _hold(place.sas.query not in repr(place), "no representation shows the signature")


def sidecars(data: bytes) -> None:
    """Read records, changes and messages: what they are written as again, or that they are none."""
    with suppress(msgspec.DecodeError):
        record = from_json(data)
        _hold(from_json(to_json(record)) == record, "a record is what was written")
        line = to_line(Change(name="a", etag="b", modified=record.updated, entry=entry_of(record)))
        _hold(b"\n" not in line, "a change is one line")
        read_change(line)
    with suppress(msgspec.DecodeError):
        change = read_change(data)
        _hold(read_change(to_line(change)) == change, "a change is what was written")
    kinds: tuple[type[msgspec.Struct], ...] = (Retry, PoisonBlob, JobMessage)
    for kind in kinds:
        read_message(data, kind)


def names(data: bytes) -> None:
    """Name blobs and files after images: nothing leaves its folder, no two sidecars are one."""
    name = data.decode("utf-8", errors="surrogateescape")
    with suppress(InvalidRequest):
        sidecar = sidecar_name(name)
        _hold(len(sidecar) <= 1024, "a sidecar's name is not too long")
        _hold(not {".", ".."} & set(sidecar.split("/")), "it stays in its container")
        _hold(sidecar.endswith(".json"), "it is called like a sidecar")
        _hold(sidecar_name(sidecar) != sidecar, "no image is its own sidecar")
    for path in (file_path(name), file_path(name, anywhere=False), file_name(name)):
        parts = path.split("/")
        _hold(all(parts), "no part of a path is empty")
        _hold(not {".", ".."} & set(parts), "a path stays in its folder")
        _hold(all(len(each.encode()) <= 255 for each in parts), "file systems can hold it")
        _hold(not re.search(r"[\x00-\x1f]", path), "it can be shown")


def _ours[**P](call: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Let a call raise errors of ours, which a client can be told, and no other."""
    try:
        call(*args, **kwargs)
    except CaptionerError as fault:
        _hold(fault.status < 500, "whoever asks is told what to mend")
        _hold(SECRET not in fault.message, "no message shows a signature")


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    each.__name__: each for each in (images, metadata, requests, urls, sidecars, names)
}
