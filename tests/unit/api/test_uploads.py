"""The images in a request."""

from collections.abc import Mapping

import azure.functions as func
import pytest
from urllib3 import encode_multipart_formdata

from captioner.api.uploads import images_in
from captioner.errors import ContradictoryRequest, InvalidRequest, UnsupportedMediaType
from captioner.ondemand import MOST_INLINE

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


def read(request: func.HttpRequest, name: str | None = None) -> list[tuple[str, int, bytes]]:
    with images_in(request, name) as images:
        return [(each.name, each.size, each.read()) for each in images]


@pytest.mark.parametrize(
    "content_type",
    [None, "image/jpeg", "application/octet-stream", "application/x-www-form-urlencoded"],
)
def test_a_body_is_the_image_whatever_its_type(content_type: str | None) -> None:
    assert read(post(DATA, content_type)) == [("image", 256, DATA)]


def test_a_name_is_for_the_one_image() -> None:
    assert read(post(DATA), "a b.jpg")[0][0] == "a b.jpg"
    assert read(form(("file", ("a.jpg", DATA))), "b.jpg")[0][0] == "b.jpg"


def test_a_form_with_one_file() -> None:
    request = form(("comment", "nice"), ("whatever", ("a é.jpg", DATA, "text/plain")))

    assert read(request) == [("a é.jpg", 256, DATA)]


def test_a_form_with_several_files_in_their_order() -> None:
    request = form(("a", ("2.jpg", b"two")), ("b", ("1.jpg", b"")), ("a", ("2.jpg", b"again")))

    assert read(request) == [("2.jpg", 3, b"two"), ("1.jpg", 0, b""), ("2.jpg", 5, b"again")]


def test_large_files_in_a_form_come_whole() -> None:
    large, other = DATA * 40_000, DATA[::-1] * 40_000

    found = read(form(("file", ("a.jpg", large)), ("file", ("b.jpg", other))))

    assert [data for _, _, data in found] == [large, other]


def test_files_may_be_read_in_any_order_and_again() -> None:
    with images_in(form(("a", ("1.jpg", b"one")), ("a", ("2.jpg", b"two")))) as (first, second):
        assert [second.read(), first.read(), second.read()] == [b"two", b"one", b"two"]


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (post(b""), "empty"),
        (form(("comment", "no file")), "no files"),
        (post(b"--x\r\nbroken", "multipart/form-data; boundary=x"), "no files"),
        (post(DATA, "multipart/form-data"), "no files"),
        (form(*[("a", ("1.jpg", b"x"))] * (MOST_INLINE + 1)), "33 files; send 1 to 32"),
    ],
    ids=["empty", "no file", "broken form", "no boundary", "too many"],
)
def test_what_holds_no_images_is_invalid(request_: func.HttpRequest, told: str) -> None:
    with pytest.raises(InvalidRequest, match=told):
        read(request_)


def test_options_beside_a_forms_files_are_not_overlooked() -> None:
    with pytest.raises(ContradictoryRequest, match="'language' into the query"):
        read(form(("language", "es"), ("a", ("1.jpg", DATA))))
    with pytest.raises(ContradictoryRequest, match="'save' in JSON"):
        read(form(("save", "true"), ("a", ("1.jpg", DATA))))


def test_several_files_cannot_have_one_name() -> None:
    with pytest.raises(ContradictoryRequest, match="one 'name'"):
        read(form(("a", ("1.jpg", DATA)), ("a", ("2.jpg", DATA))), "b.jpg")


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded"])
def test_json_must_say_that_it_is(content_type: str | None) -> None:
    with pytest.raises(UnsupportedMediaType, match="Content-Type: application/json"):
        read(post(b'\n {"url": "https://example.org/a.jpg"}', content_type))


def test_an_image_that_is_called_by_a_signed_url_is_not_told_with_it() -> None:
    url = "https://a.example/b.jpg?sv=1&sig=s3cret"

    assert read(post(DATA), url)[0][0] == "https://a.example/b.jpg"
    assert read(form(("file", (url, DATA))))[0][0] == "https://a.example/b.jpg"
