"""The image in a request."""

from collections.abc import Mapping

import azure.functions as func
import pytest
from urllib3 import encode_multipart_formdata

from captioner.api.uploads import image_in
from captioner.errors import InvalidRequest, UnsupportedMediaType

DATA = bytes(range(256))


def post(
    body: bytes, content_type: str | None = None, params: Mapping[str, str] | None = None
) -> func.HttpRequest:
    headers = {} if content_type is None else {"content-type": content_type}
    return func.HttpRequest(
        "POST", "http://localhost/api/caption", headers=headers, params=params or {}, body=body
    )


def form(*parts: tuple[str, object]) -> func.HttpRequest:
    return post(*encode_multipart_formdata(list(parts)))


@pytest.mark.parametrize(
    "content_type",
    [None, "image/jpeg", "application/octet-stream", "application/x-www-form-urlencoded"],
)
def test_a_body_is_the_image_whatever_its_type(content_type: str | None) -> None:
    assert image_in(post(DATA, content_type)) == ("image", DATA)


def test_the_query_names_the_image() -> None:
    assert image_in(post(DATA, params={"name": "a b.jpg"})) == ("a b.jpg", DATA)


def test_a_form_with_one_file() -> None:
    request = form(("comment", "nice"), ("whatever", ("a é.jpg", DATA, "text/plain")))

    assert image_in(request) == ("a é.jpg", DATA)


def test_the_query_names_the_file_too() -> None:
    content, content_type = encode_multipart_formdata([("file", ("a.jpg", DATA))])

    assert image_in(post(content, content_type, {"name": "b.jpg"}))[0] == "b.jpg"


def test_a_large_file_in_a_form_comes_whole() -> None:
    data = DATA * 40_000

    assert image_in(form(("file", ("a.jpg", data))))[1] == data


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (post(b""), "empty"),
        (form(("a", ("1.jpg", DATA)), ("a", ("2.jpg", DATA))), "2 files"),
        (form(("comment", "no file")), "no files"),
        (post(b"--x\r\nbroken", "multipart/form-data; boundary=x"), "no files"),
        (post(DATA, "multipart/form-data"), "no files"),
    ],
    ids=["empty", "two files", "no file", "broken form", "no boundary"],
)
def test_anything_but_one_image_is_invalid(request_: func.HttpRequest, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        image_in(request_)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "image/x+json"])
def test_json_is_not_taken(content_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        image_in(post(b"{}", content_type))
