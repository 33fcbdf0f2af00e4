"""The images in a request: its body as it is, or the files of a form."""

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from io import SEEK_END, BytesIO
from typing import IO, Any, cast

import azure.functions as func
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from captioner.api.requests import Query
from captioner.errors import ContradictoryRequest, InvalidRequest, UnsupportedMediaType
from captioner.ondemand import MOST_INLINE, OneDirectory, Sent
from captioner.sources import name_without_credentials

type Pairs = list[tuple[str, Any]]

_UNNAMED = "image"
_OF_JSON = {"url", "urls", *OneDirectory.__struct_fields__}


def media_type_of(request: func.HttpRequest) -> str:
    """Give the declared type of the body, in lower case and without parameters."""
    declared = str(request.headers.get("content-type", ""))
    return declared.partition(";")[0].strip().lower()


def is_json(request: func.HttpRequest) -> bool:
    """Tell whether the body is declared to be JSON."""
    media_type = media_type_of(request)
    return media_type == "application/json" or media_type.endswith("+json")


@contextmanager
def images_in(request: func.HttpRequest, name: str | None = None) -> Iterator[list[Sent]]:
    """Give the images of a request, which can be read until the end of the block.

    One image is called `name`, else by its file, else "image"; several are called by their files.
    The declared type decides only between form and plain bytes: what an image is, its bytes tell.
    Raises `InvalidRequest`, `ContradictoryRequest` or `UnsupportedMediaType`.
    """
    if media_type_of(request) != "multipart/form-data":
        body = request.get_body()
        if not body:
            raise InvalidRequest("The request is empty; send an image's bytes, a form or JSON.")
        if body[:99].lstrip()[:1] == b"{":  # as no image begins
            raise UnsupportedMediaType("Send JSON with the header Content-Type: application/json.")
        yield [Sent(_shown(name), len(body), lambda: body)]
        return
    with ExitStack() as parts:
        fields, files = _parts_of(request)
        for file in files:
            parts.enter_context(closing(file))
        if options := [each for each in fields if each in Query.__struct_fields__]:
            raise ContradictoryRequest(f"Put '{options[0]}' into the query; the form is for files.")
        if others := [each for each in fields if each in _OF_JSON]:
            raise ContradictoryRequest(f"Send '{others[0]}' in JSON; the form is for files.")
        if not 1 <= len(files) <= MOST_INLINE:
            raise InvalidRequest(
                f"The form holds {len(files) or 'no'} files; send 1 to {MOST_INLINE} images in it."
            )
        if name is not None and len(files) > 1:
            raise ContradictoryRequest(
                "Several images cannot have one 'name'; name the form's files."
            )
        yield [_sent(_shown(name or file.filename), file.stream) for file in files]


def _parts_of(form: func.HttpRequest) -> tuple[list[str], list[FileStorage]]:
    """Give the names of a form's fields, and its files, in their order.

    The request's own `files` are in order only as far as their fields have the same name.
    """
    in_order: Any = list
    parser = FormDataParser(max_form_memory_size=None, cls=in_order)
    body = form.get_body()
    media_type, options = parse_options_header(form.headers.get("content-type"))
    _, fields, files = parser.parse(BytesIO(body), media_type, len(body), options)
    return [name for name, _ in cast("Pairs", fields)], [file for _, file in cast("Pairs", files)]


def _shown(name: str | None) -> str:
    """Give the name of an image as records and logs may tell it: some call it by a signed URL."""
    return name_without_credentials(name or "") or _UNNAMED


def _sent(name: str, file: IO[bytes]) -> Sent:
    def read() -> bytes:  # in its turn, as the form keeps large files on disk
        file.seek(0)
        return file.read()

    return Sent(name, file.seek(0, SEEK_END), read)
